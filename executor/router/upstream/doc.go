// Package upstream knows the processes behind the router: which of them gets the next request, which rest because they
// failed, the connections that are kept to each, and what is in flight, so that one that has left the table can be
// waited for before it is stopped.
package upstream
