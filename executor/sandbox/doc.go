// Package sandbox says which files an instance may reach, as a domain of package landlock.
//
//	read, execute, list   the system (see system.go), the store, the instance's directory and that of its process,
//	                      the directory that it runs in
//	write as well         data, config and tmp of the instance; devices that everybody has; shared memory
//
// and what the recipe and the stack add. Everything else is out of reach: the homes of users, /tmp, /var, what is mounted
// elsewhere, and the rest of RECIPE_HOME with keys, vaults, states and other instances.
//
// A rule of the kernel allows all that is below a directory and takes nothing away. So where RECIPE_HOME lies in a directory of the
// system, what is beside it is allowed one by one.
package sandbox
