package token

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/nsynapse/recipe/executor/disk"
)

func request(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://agent/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func load(t *testing.T, path string) Token {
	t.Helper()
	token, err := Load(disk.OS{}, path)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	stranger := request(t)
	Show(stranger, path) // there is none
	token := load(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info.Mode(), err)
	}
	if again := load(t, path); again != token {
		t.Error("it is made anew")
	}
	friend := request(t)
	Show(friend, path)
	if !token.Shown(friend) || token.Shown(stranger) || (Token{}).Shown(stranger) || (Token{}).Shown(friend) {
		t.Error("it is not told who shows it")
	}
	other := load(t, filepath.Join(t.TempDir(), "token"))
	if other.Shown(friend) {
		t.Error("another one is taken for it")
	}
}

// What is left of a file after a power cut is replaced, and sent to nobody.
func TestDamaged(t *testing.T) {
	for _, content := range []string{"", "\n", "short", string(make([]byte, 53))} {
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		r := request(t)
		Show(r, path)
		if load(t, path).Shown(r) {
			t.Errorf("%q is a token", content)
		}
	}
}
