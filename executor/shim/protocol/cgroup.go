package protocol

// Cgroup is one control group of an app, which the shim makes before the app starts and removes after its end.
type Cgroup struct {
	Dir string    // absolute; the directory above it is there
	Set []Setting // written in this order
}

// Setting is the content of one file of a control group.
type Setting struct {
	File, Value string
	Optional    bool // not every kernel has the file
}
