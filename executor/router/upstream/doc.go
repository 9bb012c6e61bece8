// Package upstream knows the processes behind the router and what is in flight to each of them, so that one that has
// left the table can be waited for before it is stopped.
package upstream
