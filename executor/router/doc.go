// Package router is the data plane: the process `recipe router`, which apps connect to when they use a binding, and
// the agent's side of it.
//
// An app knows one address for as long as the binding lives, its endpoint; the router forwards each connection to an
// instance that is ready, and lets it wait while there is none, so that implementations move, restart and roll
// behind the endpoint. What is ready stands in a Table, which the agent sends over a unix socket and the router swaps
// atomically. The router runs under a shim of its own and keeps the last table on disk: neither the end of the agent
// nor its own restart takes an endpoint away.
//
// In its directory it keeps
//
//	router.sock  where it takes tables (PUT /table), tells figures (GET /stats) and when an upstream is done (POST
//	             /drain), JSON over HTTP, own user only; and hands over what it listens with (POST /handover, /copies)
//	hold.sock    where the agent gives that back to a router that was started in place of a killed one
//	router.token what who asks has to show, see package token
//	table        the last table, as summed.Write writes it
package router
