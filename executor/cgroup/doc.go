// Package cgroup finds out where this process may make control groups, and says which groups bound one app. The groups
// themselves are made, joined and removed by the app's shim; see package protocol.
//
// Linux has two generations of them, described in the kernel's admin-guide/cgroup-v1 and cgroup-v2.rst. In the first
// each controller has a hierarchy of its own, and a group may be made below the one that a process is in. In the second
// there is one hierarchy, and a group with processes in it cannot bound groups below it, but for the root. So there a group
// is made, in this order:
//
//  1. in the group of the unit for apps, if ours is that of a unit of systemd which has one beside it (see package systemd).
//     That one outlives the agent, and shims go there too: a group that bounds groups below it takes no process, so systemd
//     could not start an agent that was killed in the group where its apps still are
//  2. beside our own, if that is called "agent": a manager has handed us the one above
//  3. below our own, if we are alone in it; the agent then moves into "agent" below it
//  4. below the root of the hierarchy, if we may
package cgroup
