// Package sdk is what a provider implements: a supplier of resource types, each of which can be looked at and
// changed by two methods. The types in the box, plugins and executors all implement it in the same way.
//
// Values are cty objects that conform to the type's Schema. They reach a Resource in clear and without marks: the
// engine opens secrets just before a call and seals the sensitive parts of what comes back, so that a provider
// never sees a reference and nothing but a provider ever holds a clear value.
package sdk
