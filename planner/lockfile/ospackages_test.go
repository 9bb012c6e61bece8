package lockfile

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// debBlock is what a wish was resolved to on a system, of packages "name version letter-of-the-digest".
func debBlock(asked, system string, packages ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "deb %q {\n  system = %q\n  architecture = \"amd64\"\n", asked, system)
	for _, p := range packages {
		w := strings.Fields(p)
		fmt.Fprintf(&b, "  package %q {\n    version = %q\n    digest = %q\n  }\n", w[0], w[1], digest(w[2]))
	}
	return b.String() + "}\n"
}

func mustParse(t *testing.T, text string) *File {
	t.Helper()
	f, diags := Parse([]byte(text), Name)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return f
}

func TestOSPackages(t *testing.T) {
	made := &File{OSPackages: []OSPackages{
		{Asked: []string{"redis-server"}, System: "debian 12", Architecture: "amd64",
			Chosen: []OSPackage{{"libatomic1", "12.2.0-14", digest("a"), "Debian bookworm main"}, {"redis-server", "5:7.0.15-1~deb12u3", digest("b"), ""}}},
		{Asked: []string{"postgresql-15", "locales=2.36"}, Exclude: []string{"systemd", "perl"}, System: "debian 12", Architecture: "arm64",
			Chosen: []OSPackage{{"postgresql-15", "15.9-0+deb12u1", digest("c"), "Debian bookworm-security main"}}},
	}}
	text := made.Format()
	read := mustParse(t, string(text))
	for i := range read.OSPackages {
		if read.OSPackages[i].Range.Start.Line == 0 {
			t.Errorf("block %d has no place", i)
		}
		read.OSPackages[i].Range = hcl.Range{}
	}
	if !reflect.DeepEqual(read.OSPackages, made.sortedOS()) || string(read.Format()) != string(text) {
		t.Errorf("read %+v of\n%s", read.OSPackages, text)
	}
	if v := read.OSVersions("debian 12 on amd64"); !reflect.DeepEqual(v, map[string][]string{"libatomic1": {"12.2.0-14"}, "redis-server": {"5:7.0.15-1~deb12u3"}}) {
		t.Errorf("on amd64 is %v", v)
	}
	read.Without("libatomic1")
	if len(read.OSPackages) != 1 || read.OSPackages[0].Architecture != "arm64" {
		t.Errorf("%+v is left", read.OSPackages)
	}
}

func TestOSChanges(t *testing.T) {
	before := debBlock("a", "debian 12", "a 1 a", "b 1 b") + debBlock("a", "debian 13", "a 2 a")
	for name, c := range map[string]struct {
		after string
		want  []string
	}{
		"nothing":    {before, nil},
		"a version":  {debBlock("a", "debian 12", "a 1 a", "b 2 b") + debBlock("a", "debian 13", "a 2 a"), []string{"~ b (debian 12 on amd64) 1 -> 2"}},
		"bits alone": {debBlock("a", "debian 12", "a 1 a", "b 1 c") + debBlock("a", "debian 13", "a 2 a"), []string{"~ a: 2 packages (debian 12 on amd64) with other bits"}},
		"a system":   {debBlock("a", "debian 12", "a 1 a", "b 1 b"), []string{"- a: 1 packages (debian 13 on amd64)"}},
		"a wish":     {before + debBlock("b", "debian 12", "b 1 b"), []string{"+ b: 1 packages (debian 12 on amd64)"}},
	} {
		if got := mustParse(t, before).Changes(mustParse(t, c.after)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestOSMistakes(t *testing.T) {
	for text, want := range map[string]string{
		debBlock("a", "debian 12", "a 1 a", "a 2 b"):                                              "Two locks for one package; a is there already",
		debBlock("a", "debian 12", "a 1 a") + debBlock("a", "debian 12", "a 1 a"):                 "lock:9,1-8: Two locks for the same packages",
		debBlock("a", "debian 12", "a 1 a") + debBlock("b", "debian 12", "a 1 b", "b 1 b"):        "lock:12,3-14: Two digests for one version; a 1 is locked with " + digest("a"),
		debBlock("a", "debian 12"):                                                                "lock:1,1-8: Wrong system in the lock file",
		debBlock("", "debian 12", "a 1 a"):                                                        "Wrong system in the lock file",
		debBlock("a ../b", "debian 12", "a 1 a"):                                                  "Wrong system in the lock file",
		debBlock("a", "debian\t12", "a 1 a"):                                                      "Wrong system in the lock file",
		debBlock("a", "debian 12", "A 1 a"):                                                       `No package of an operating system is called "A"`,
		debBlock("a", "debian 12", "a 1/2 a"):                                                     `or has the version "1/2"`,
		strings.Replace(debBlock("a", "debian 12", "a 1 a"), "sha256:", "sha1:", 1):               "lock:4,3-14: Wrong digest in the lock file; a 1 has no usable digest",
		strings.Replace(debBlock("a", "debian 12", "a 1 a"), "  architecture = \"amd64\"", "", 1): "Missing required argument",
	} {
		if f, diags := Parse([]byte(text), "lock"); !diags.HasErrors() || !strings.Contains(diags.Error(), want) {
			t.Errorf("%s is %+v (%v), want %s", text, f, diags, want)
		}
	}
	if f, diags := Parse([]byte(debBlock("a", "debian 12", "a 1 a")+debBlock("a", "debian 13", "a 1 b")), "lock"); diags.HasErrors() || len(f.OSPackages) != 2 {
		t.Errorf("another system may have other bits under a version: %v", diags)
	}
}
