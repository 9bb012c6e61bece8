package lockfile

import (
	"bytes"
	"testing"
)

// FuzzParse demands that what is read as a lock file is written so that it is read as the same again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(block("1.0.0", `any = "`+digest("b")+`"`)))
	f.Add([]byte(block("1.0.0", "\"a b\" = \""+digest("b")+"\"\n\"any\" = \""+digest("c")+`"`)))
	f.Add([]byte("package \"a\" { version = \"1.0.0\" }\nimplementation \"sql\" { package = \"a\" }\n"))
	f.Add([]byte(`package "a" { version = "1.0.0"` + "\n files = null\n}"))
	f.Add([]byte(debBlock("a b=1", "debian 12", "a 1 a", "b 1 b") + debBlock("a", "debian 13", "a 2 a")))
	f.Fuzz(func(t *testing.T, text []byte) {
		first, diags := Parse(text, Name)
		if diags.HasErrors() {
			return
		}
		written := first.Format()
		second, diags := Parse(written, Name)
		if diags.HasErrors() || !bytes.Equal(second.Format(), written) {
			t.Errorf("%q was written as %q (%v)", text, written, diags)
		}
		if changes := first.Changes(second); len(changes) > 0 {
			t.Errorf("%q changed: %v", text, changes)
		}
	})
}
