//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
)

// bomb is a stack that is small on disk and would be large, or endless, in memory or in time.
type bomb struct {
	name  string
	files map[string]string
	args  []string // flags
}

// local is a bomb in one expression of a stack.
func local(name, expression string) bomb {
	return bomb{name: name, files: map[string]string{"stack.hcl": "stack \"s\" {}\nlocals {\n  a = " + expression + "\n}\noutput \"o\" { value = local.a }\n"}}
}

// growing is a bomb of locals, each of which is made of the one before, @, twice.
func growing(name, first, next string) bomb {
	text := "stack \"s\" {}\nlocals {\n  a0 = " + first + "\n"
	for i := range 60 {
		text += fmt.Sprintf("  a%d = %s\n", i+1, strings.ReplaceAll(next, "@", fmt.Sprintf("local.a%d", i)))
	}
	return bomb{name: name, files: map[string]string{"stack.hcl": text + "}\noutput \"o\" { value = local.a60 }\n"}}
}

func stackBomb(name, text string) bomb {
	return bomb{name: name, files: map[string]string{"stack.hcl": "stack \"s\" {}\n" + text}}
}

func jsonBomb(name, text string) bomb {
	return bomb{name: name, files: map[string]string{"stack.hcl.json": text}}
}

// bombs are those of the shared programme, of the parsers, and of every way found so far to make one line work for long.
func bombs() []bomb {
	const n = 100_000
	nested := "[for x in range(1000) : [for y in range(1000) : $]]"
	loops := func(body string) string { return strings.ReplaceAll(nested, "$", body) }
	big := "[for x in range(1000) : x]"
	return []bomb{
		// Parsing.
		local("parentheses", strings.Repeat("(", n)),
		local("brackets", strings.Repeat("[", n)),
		local("interpolations", strings.Repeat(`"${`, n)),
		local("minus", strings.Repeat("-", n)),
		local("conditions", strings.Repeat("true?1:", n)+"1"),
		local("long number", strings.Repeat("9", n)),
		local("huge exponent", "1e999999999"),
		local("three loops", "[for a in b : [for c in b : [for d in b : d]]]"),
		stackBomb("blocks", strings.Repeat("a {\n", n)),
		stackBomb("types", "variable \"v\" { type = "+strings.Repeat("list(", n)+" }\n"),
		stackBomb("not UTF-8", "locals { a = \"\xff\" }\n"),
		stackBomb("binary", strings.Repeat("\x00\x01\xfe", n)),
		jsonBomb("JSON brackets", strings.Repeat("[", n)),
		jsonBomb("JSON braces", strings.Repeat(`{"a":`, n)),
		jsonBomb("JSON number", `{"locals": {"a": `+strings.Repeat("9", n)+`}}`),
		jsonBomb("JSON exponent", `{"locals": {"a": 1e999999999}}`),
		jsonBomb("JSON template", `{"locals": {"a": "${`+strings.Repeat("(", n)+`"}}`),
		jsonBomb("JSON escaped", `{"locals": {"a": "\u0024\u007b`+strings.Repeat("(", n)+`"}}`),
		jsonBomb("JSON loops", `{"stack": {"s": {}}, "locals": {"a": "${[for x in range(1000) : [for y in range(1000) : x]]}"}}`),
		// Evaluating.
		local("loops of text", loops(`"${x}-${y}"`)),
		local("loops of numbers", loops("x * y")),
		local("loops of nothing", strings.Replace(nested, "$]]", "1 if false]]", 1)),
		local("loops of keys", "{for x in range(1000) : x => {for y in range(1000) : y => x}}"),
		local("loops in a template", `"%{ for x in range(1000) }%{ for y in range(1000) }x%{ endfor }%{ endfor }"`),
		local("flatten", "flatten("+loops("[x, y]")+")"),
		local("merge", `merge([for x in range(1000) : {for y in range(1000) : "${x}.${y}" => y}]...)`),
		local("jsonencode", "jsonencode("+loops(`"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`)+")"),
		local("join", `[for x in range(1000) : join("", [for y in range(1000) : "0123456789012345678901234567890123456789"])]`),
		local("compare", fmt.Sprintf("[for x in range(1000) : %s == %s]", big, big)),
		{name: "compare a local", files: map[string]string{"stack.hcl": "stack \"s\" {}\nlocals {\n  a = [for x in range(1000) : \"${x}\"]\n  b = [for x in local.a : [for y in local.a : local.a == [for z in [1] : local.a][0]]]\n}\noutput \"o\" { value = length(local.b) }\n"}},
		{name: "splats", files: map[string]string{"stack.hcl": "stack \"s\" {}\nlocals {\n  a = [for x in range(1000) : {b = x}]\n  c = [for x in local.a : [for y in local.a : local.a[*].b]]\n}\noutput \"o\" { value = length(local.c) }\n"}},
		local("range", "range(1000000000)"),
		local("setproduct", "length(setproduct(range(1000), range(1000), range(1000)))"),
		local("format", `format("%1000000000d", 1)`),
		local("replace", `replace(join("", [for x in range(1000) : "aaaaaaaaaa"]), "", join("", [for x in range(1000) : "bbbbbbbbbb"]))`),
		local("regex", `regexall("(((a{100}){100}){100}){100}", "a")`),
		local("jsondecode", `jsondecode("`+strings.Repeat("[", n)+`")`),
		growing("text doubled", `"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"`, `"${@}${@}"`),
		growing("lists doubled", "[1, 2]", "concat(@, @)"),
		growing("trees doubled", "[1, 2]", "[@, @]"),
		growing("objects doubled", "{ a = 1 }", "{ a = @, b = @ }"),
		stackBomb("instances", "app \"a\" {\n  package = \"bus\"\n  instances = 1000000000\n}\n"),
		stackBomb("count", "middleware \"a\" {\n  count = 1000000000\n  package = \"bus\"\n}\n"),
		stackBomb("for_each", "middleware \"a\" {\n  for_each = toset(flatten("+loops(`"${x}.${y}"`)+"))\n  package = \"bus\"\n}\n"),
		{name: "variable", files: map[string]string{"stack.hcl": "stack \"s\" {}\nvariable \"v\" { type = list(any) }\n"}, args: []string{"-var", "v=" + strings.Repeat("[", n)}},
		{name: "loop in a variable", files: map[string]string{"stack.hcl": "stack \"s\" {}\nvariable \"v\" { type = list(any) }\n"}, args: []string{"-var", "v=[for x in [1, 2] : x]"}},
		{name: "file of variables", files: map[string]string{"stack.hcl": "stack \"s\" {}\nvariable \"v\" { type = list(any) }\n",
			"v.recipevars": "v = [for x in [" + strings.Repeat("1,", 10_000) + "] : [for y in [" + strings.Repeat("1,", 10_000) + "] : 1]]\n"}, args: []string{"-var-file=v.recipevars"}},
		{name: "file of JSON variables", files: map[string]string{"stack.hcl": "stack \"s\" {}\nvariable \"v\" { type = list(any) }\n",
			"v.json": `{"v": ` + strings.Repeat("[", n) + "}"}, args: []string{"-var-file=v.json"}},
		// Many.
		{name: "many locals", files: map[string]string{"stack.hcl": manyLocals()}},
		{name: "many variables", files: map[string]string{"stack.hcl": "stack \"s\" {}\n" + strings.Repeat("variable \"v\" { default = \"x\" }\n", 20_000)}},
		{name: "recipe", files: map[string]string{"stack.hcl": "stack \"s\" {}\napp \"a\" { source = \"./a\" }\n", "a/recipe.hcl": strings.Repeat("(", n)}},
		{name: "recipe too big", files: map[string]string{"stack.hcl": "stack \"s\" {}\napp \"a\" { source = \"./a\" }\n", "a/recipe.hcl": "#" + strings.Repeat("x", 1<<20)}},
		{name: "recipe that works for long", files: map[string]string{"stack.hcl": "stack \"s\" {}\napp \"a\" { source = \"./a\" }\n",
			"a/recipe.hcl": "package {\n  name = \"t/a\"\n  version = \"1.0.0\"\n}\nport \"web\" {}\nprocess \"web\" {\n  command = [\"x\"]\n  env = { A = jsonencode(" + loops("x + y") + ") }\n}\n"}},
	}
}

// manyLocals is a stack of many locals, each of which is well within what one may take.
func manyLocals() string {
	var b strings.Builder
	b.WriteString("stack \"s\" {}\nlocals {\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "  a%d = length([for x in range(1000) : \"${x}\"])\n", i)
	}
	b.WriteString("}\noutput \"o\" { value = local.a1 }\n")
	return b.String()
}

// spent is what a process took.
type spent struct {
	cpu time.Duration
	kib int64 // at most in memory
}

// T13: every bomb through the real program. It is refused with an error that names a file and a line, within 256 MiB.
// Two seconds of CPU are the bar; only many times that is a failure, since the machine may be slow.
func TestT13Bombs(t *testing.T) {
	const mostCPU, mostKiB = 15 * time.Second, 256 << 10
	chosen := bombs()
	if !torture.Full() {
		random := torture.Random(t)
		random.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		chosen = chosen[:15]
	}
	var all []spent
	for _, b := range chosen {
		t.Run(b.name, func(t *testing.T) {
			p := newPlace(t)
			for name, text := range b.files {
				p.must(os.MkdirAll(filepath.Dir(filepath.Join(p.stack, name)), 0o755))
				p.must(os.WriteFile(filepath.Join(p.stack, name), []byte(text), 0o644))
			}
			cmd := p.command(append([]string{"validate"}, b.args...)...)
			out, err := runBounded(cmd)
			took := usage(cmd)
			all = append(all, took)
			switch {
			case cmd.ProcessState.ExitCode() != exitError:
				t.Errorf("it ends with %v:\n%.2000s", err, out)
			case !strings.Contains(out, "Error: "):
				t.Errorf("no error is told:\n%.2000s", out)
			case b.args == nil && !placed(out, b.files):
				t.Errorf("no file and line is named:\n%.2000s", out)
			}
			if !torture.RaceDetector && (took.cpu > mostCPU || took.kib > mostKiB) {
				t.Errorf("it takes %s of CPU and %d MiB", took.cpu, took.kib>>10)
			}
		})
	}
	most := spent{}
	for _, s := range all {
		most.cpu, most.kib = max(most.cpu, s.cpu), max(most.kib, s.kib)
	}
	torture.Report(t, "T13", "%d bombs: all told with file and line; at most %d ms CPU, %d MiB", len(all), most.cpu.Milliseconds(), most.kib>>10)
}

// placed reports whether out names one of the files with a line.
func placed(out string, files map[string]string) bool {
	for name := range files {
		if strings.Contains(out, name+":") || strings.Contains(out, name+" ") {
			return true
		}
	}
	return false
}

// runBounded runs a command that must not hang.
func runBounded(cmd *exec.Cmd) (string, error) {
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return "", err
	}
	hung := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer hung.Stop()
	err := cmd.Wait()
	return out.String(), err
}

// usage is what a command that has ended took.
func usage(cmd *exec.Cmd) spent {
	r := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return spent{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), r.Maxrss}
}

// T13: bombs that the agent is asked to plan do not harm it.
func TestT13BombsForTheAgent(t *testing.T) {
	p := newPlace(t)
	p.write("stack.hcl", "stack \"calm\" {}\n")
	p.mustRecipe("plan")
	pid := p.agentPID()
	chosen := bombs()
	if !torture.Full() {
		chosen = slices.DeleteFunc(chosen, func(b bomb) bool { return !strings.HasPrefix(b.name, "loops") && b.name != "parentheses" })
	}
	for i, b := range chosen {
		dir := filepath.Join(p.stack, fmt.Sprint("bomb", i))
		for name, text := range b.files {
			p.must(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
			p.must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		}
		cmd := p.command(append([]string{"plan"}, b.args...)...)
		cmd.Dir = dir
		if out, _ := runBounded(cmd); cmd.ProcessState.ExitCode() != exitError {
			t.Errorf("%s is planned:\n%.2000s", b.name, out)
		}
	}
	if now := p.agentPID(); now != pid {
		t.Errorf("the agent was process %d and is %d", pid, now)
	}
	peak := peakMiB(t, pid)
	if !torture.RaceDetector && peak > 512 {
		t.Errorf("the agent took %d MiB", peak)
	}
	torture.Report(t, "T13", "%d bombs for one agent: it lives, and took at most %d MiB", len(chosen), peak)
}

// peakMiB is the most that a process ever had in memory.
func peakMiB(t testing.TB, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib := 0
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib >> 10
}
