package protocol

import (
	"bytes"
	"testing"

	"github.com/nsynapse/recipe/executor/landlock"
)

// What was read is written as something that is read the same.
func FuzzFiles(f *testing.F) {
	f.Add([]byte("7b1c 12 345 6 789\n"))
	f.Add([]byte("code 3 1700000000000000000 12 345 0\n"))
	f.Add([]byte("started 12 345 678\n"))
	f.Add([]byte("failed 2 execute /bin/app\n"))
	f.Add((&Spec{Dir: "/d", Command: []string{"/bin/true"}, Env: []string{"A=b"}, UID: -1, GID: -1}).Encode())
	f.Add((&Spec{Dir: "/d", Sandbox: &landlock.Domain{Base: []landlock.Rule{{Path: "/usr"}}, Scoped: true,
		Rules: []landlock.Rule{{Path: "/d/data", Access: landlock.Write, Optional: true}}}}).Encode())
	f.Fuzz(func(t *testing.T, text []byte) {
		if id, ok := DecodeID(text); ok {
			if again, ok := DecodeID(id.Encode()); !ok || again != id {
				t.Errorf("%+v is read as %+v", id, again)
			}
		}
		if e, ok := DecodeExit(text); ok {
			if again, ok := DecodeExit(e.Encode()); !ok || again != e {
				t.Errorf("%+v is read as %+v", e, again)
			}
		}
		if a, ok := DecodeAnswer(text); ok {
			if again, ok := DecodeAnswer(a.Encode()); !ok || again != a {
				t.Errorf("%+v is read as %+v", a, again)
			}
		}
		if s, err := DecodeSpec(text); err == nil {
			again, err := DecodeSpec(s.Encode())
			if err != nil || !bytes.Equal(again.Encode(), s.Encode()) {
				t.Errorf("%+v is read as %+v (%v)", s, again, err)
			}
		}
	})
}
