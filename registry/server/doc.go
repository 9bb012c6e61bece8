// Package server is what stands before a registry for teams: who may read, who may push to which namespace, and that
// nothing which was published changes. What it guards is any handler of the OCI distribution protocol;
// registry/server/objects has one.
package server
