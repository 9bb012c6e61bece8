// Package local is the executor in the box: it places instances on this machine and runs their processes. It
// supplies three resource types to the plan, allocation (directories and ports of an instance), instance (one
// process of it) and schedule (a process that runs at times), and translates them for the supervisor.
//
//	<directory>/data      kept over updates; deleted with the instance, which the plan says
//	<directory>/config    what configure blocks write
//	<directory>/tmp       TMPDIR; emptied with the instance
//	<directory>/state     what commands remember of having run
//	<directory>/process/<name>  of the agent and the shim: lock, log, exit; and bindings
//
// A scheduled process has a directory of its own for the last of these, since instances move and are made anew.
package local
