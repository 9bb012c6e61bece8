// Package eval turns what was written into what is wanted: a Graph of resources with their needs, whose values a
// Pass works out one after the other. It knows no state and no plan.
//
// A stack is evaluated in two steps. Make settles everything that shapes the graph: variables, for_each, count,
// instances, bindings. What depends on the outcome of other resources (a port, a password, a path) is left to a
// Pass, once when planning, with the outcomes that are known by then, and once when applying, with all of them.
//
// For a component the graph holds, in the order of their needs (joins have no resource, they keep edges few):
//
//	package.P["1.0"].install.T.N        what is installed once for all components of the package
//	C.secret.N                          a generated secret
//	C.endpoint.PORT                     the stable address of a port that it provides
//	C.route.HOST/PATH                   a host and path that lead to it
//	C.bind.R.endpoint, C.bind.R.secret  of each requirement R: its stable address and password
//	C.bind.R.T.N                        what the implementation's bind block makes
//	C.bind.R             (join)         the contract's attributes
//	C.base               (join)         all that its instances wait for
//	C[i]                                the allocation: directories and ports
//	C[i].configure.T.N, C[i].step.N, C[i].process.N
//	C                    (join)         up: all processes healthy
package eval
