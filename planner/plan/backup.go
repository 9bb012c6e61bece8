package plan

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/addr"
)

// backups adds a task before whatever happens to an instance whose data is deleted, if its recipe says how to write them
// aside. It takes a running instance: of one that does not run the user is told that there will be no backup.
func (m *maker) backups() {
	tasks := map[addr.Instance]int32{} // of the instance
	for i := range m.tasks {
		t := &m.tasks[i]
		at := t.Addr
		at.Part = "backup"
		if o := m.State.Objects[at]; !t.Data || m.NoBackup || o == nil || o.Type != "backup" {
			continue
		}
		if !m.runs(t.Addr) {
			m.diags = append(m.diags, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "No backup of " + t.Addr.String(),
				Detail: "Its data is deleted, and no backup can be taken before, since it does not run. Start it first, or say -backup=false."})
			continue
		}
		t.Backup = true
		tasks[t.Addr] = int32(len(m.tasks))
		m.tasks = append(m.tasks, task{Change: Change{Addr: at, Type: "backup", Action: Backup, Reason: "its data is deleted",
			Effect: fmt.Sprintf("recipe restore %s brings it back", t.Addr.Component)}})
	}
	if len(tasks) == 0 {
		return
	}
	for i := range m.tasks {
		t := &m.tasks[i]
		id, ok := tasks[t.Addr.Whole()]
		if !ok || id == int32(i) {
			continue
		}
		if t.Type == "instance" { // what waits for its users to be gone, so that nobody writes any more
			m.after(id, slices.DeleteFunc(slices.Clone(t.needs), func(need int32) bool { return m.tasks[need].Addr.Whole() == t.Addr.Whole() }))
		}
		m.after(int32(i), []int32{id})
	}
}

// runs reports whether all processes of an instance run, as far as that was looked at.
func (m *maker) runs(a addr.Instance) bool {
	found := false
	for i := range m.seen {
		k := &m.seen[i]
		if k.object.Type != "instance" || k.object.Addr.Whole() != a {
			continue
		}
		found = true
		if !k.runs {
			return false
		}
	}
	return found
}
