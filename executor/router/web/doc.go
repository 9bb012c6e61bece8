// Package web is the part of the router that understands HTTP: it finds the route of a request by host and path, and
// forwards it to an upstream of that route.
//
// There are two ways through it. Nearly all requests are HTTP/1.1 whose end is beyond doubt, and take the short one: a
// goroutine for each connection reads a request, writes it to a connection that is kept to an upstream, and writes the
// answer back, each with one system call where it fits into a buffer. It takes only what it understands wholly; with the first
// request that is anything else (HTTP/2, an upgrade, a body of unknown length, anything that is written in an odd way)
// the connection goes over to net/http, with nothing of that request taken away, and stays there. The long way is a
// httputil.ReverseProxy. What net/http understands in one way though it could be understood in another one does not get that far: see
// framing.
//
// Both use the same table, budgets, figures and upstreams:
//
//	accept ─▶ connection ─ plain request ─▶ forward ─▶ kept connection of the upstream
//	                └─ any other ─▶ http.Server ─▶ ReverseProxy ─▶ transport of the upstream
package web
