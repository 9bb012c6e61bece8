package function

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

func evaluate(t *testing.T, text string) (cty.Value, hcl.Diagnostics) {
	t.Helper()
	expr, diags := hclsyntax.ParseExpression([]byte(text), "test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %s", text, diags)
	}
	return expr.Value(&hcl.EvalContext{
		Functions: All(),
		Variables: map[string]cty.Value{
			"secret":  cty.StringVal("abc").Mark(Sensitive),
			"unknown": cty.UnknownVal(cty.String),
			"big":     cty.StringVal(strings.Repeat("a", 1<<16)),
		},
	})
}

// Each line is true.
func TestValues(t *testing.T) {
	for _, line := range []string{
		`abs(-3) == 3 && ceil(1.2) == 2 && floor(1.8) == 1 && max(1, 3, 2) == 3 && min(4, 2) == 2`,
		`parseint("ff", 16) == 255 && pow(2, 10) == 1024 && signum(-9) == -1 && log(8, 2) == 3`,
		`chomp("a\n") == "a" && startswith("abc", "ab") && endswith("abc", "bc") && strcontains("abc", "b")`,
		`format("%-5s|%03d", "a", 7) == "a    |007" && join(",", formatlist("%s!", ["a", "b"])) == "a!,b!"`,
		`indent(2, "a\nb") == "a\n  b" && lower("AB") == "ab" && upper("ab") == "AB" && title("ab") == "Ab"`,
		`regex("[0-9]+", "ab12") == "12" && regexall("[a-z]", "a1b") == tolist(["a", "b"])`,
		`replace("a.b.c", ".", "-") == "a-b-c" && replace("abc", "/(a)(b)/", "$2$1") == "bac"`,
		`replace("aaa", "/^/", "x") == "xaaa"`,
		`split(",", "a,b") == tolist(["a", "b"]) && strrev("abc") == "cba" && substr("hello", 1, 3) == "ell"`,
		`trim("xax", "x") == "a" && trimprefix("ab", "a") == "b" && trimsuffix("ab", "b") == "a" && trimspace(" a ") == "a"`,
		`alltrue([true, true]) && !alltrue([true, false]) && alltrue([]) && anytrue([false, true]) && !anytrue([])`,
		`coalesce(null, "", "a") == "a" && coalesce("", 1) == "1" && coalescelist([], ["a"])[0] == "a"`,
		`compact(["a", "", "b"]) == tolist(["a", "b"]) && concat([1], [2])[1] == 2 && contains(["a"], "a")`,
		`length(distinct(concat([for a in range(9) : [for b in range(1000) : a * 1000 + b]]...))) == 9000`,
		`length(toset(concat([for a in range(9) : [for b in range(1000) : a * 1000 + b]]...))) == 9000`,
		`distinct([]) == tolist([]) && distinct(toset(["b", "a"])) == tolist(["a", "b"]) && distinct(["a", 1, "a"]) == tolist(["a", "1"])`,
		`distinct(["a", "a"]) == tolist(["a"]) && element(["a", "b"], 3) == "b" && length(flatten([["a"], ["b"]])) == 2`,
		`index(["a", "b"], "b") == 1 && keys({ a = 1 })[0] == "a" && values({ a = 1 })[0] == 1`,
		`length("abc") == 3 && length(["a"]) == 1 && length({ a = 1 }) == 1 && length(toset(["a", "a"])) == 1`,
		`lookup({ a = 1 }, "b", 2) == 2 && merge({ a = 1 }, { b = 2 }).b == 2`,
		`matchkeys(["a", "b"], ["x", "y"], ["y"]) == tolist(["b"]) && one(["a"]) == "a" && one([]) == null`,
		`range(3) == tolist([0, 1, 2]) && reverse([1, 2])[0] == 2 && slice(["a", "b"], 1, 2)[0] == "b"`,
		`setintersection(["a", "b"], ["b"]) == toset(["b"]) && length(setproduct(["a"], ["b", "c"])) == 2`,
		`setsubtract(["a", "b"], ["b"]) == toset(["a"]) && setunion(["a"], ["b"]) == toset(["a", "b"])`,
		`sort(["b", "a"])[0] == "a" && sum([1, 2]) == 3 && sum([]) == 0 && zipmap(["a"], [1]).a == 1`,
		`transpose({ a = ["x", "y"] }).y[0] == "a" && length(chunklist(["a", "b", "c"], 2)) == 2`,
		`base64decode(base64encode("ä")) == "ä" && csvdecode("a,b\n1,2")[0].b == "2"`,
		`jsondecode(jsonencode({ a = [1] })).a[0] == 1 && urlencode("a b/c") == "a+b%2Fc"`,
		`formatdate("YYYY", timeadd("2024-12-31T23:00:00Z", "2h")) == "2025"`,
		`md5("") == "d41d8cd98f00b204e9800998ecf8427e" && sha1("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709"`,
		`sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`,
		`startswith(sha512(""), "cf83e1357eefb8bd")`,
		`uuidv5("dns", "www.example.com") == "2ed6657d-e927-568b-95e1-2665a8aea6a2"`,
		`uuidv5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com") == uuidv5("dns", "www.example.com")`,
		`cidrhost("10.1.2.3/16", 258) == "10.1.1.2" && cidrhost("10.0.0.0/8", -1) == "10.255.255.255"`,
		`cidrnetmask("10.0.0.0/12") == "255.240.0.0" && cidrsubnet("10.0.0.0/8", 8, 2) == "10.2.0.0/16"`,
		`cidrsubnet("fd00::/48", 16, 255) == "fd00:0:0:ff::/64" && cidrhost("fd00::/64", 1) == "fd00::1"`,
		`can(1) && !can("a" + 1) && try("a" + 1, "b") == "b"`,
		`tobool("true") && tostring(1) == "1" && tonumber("2") == 2 && tomap({ a = 1 }).a == 1 && tolist(toset(["a"]))[0] == "a"`,
	} {
		v, diags := evaluate(t, line)
		if diags.HasErrors() {
			t.Errorf("%s: %s", line, diags)
		} else if !v.IsKnown() || !v.True() {
			t.Errorf("not true: %s", line)
		}
	}
}

func TestBombs(t *testing.T) {
	for _, line := range []string{
		`range(100000)`,
		`format("%1000000000d", 1)`,
		`format("%.999999999f", 1)`,
		`format("${join("", [for i in range(1000) : "%9999s"])}", [for i in range(1000) : "a"]...)`,
		`formatlist("%9999s", range(1000))`,
		`indent(1000000000, "a\nb")`,
		`join(big, range(1000))`,
		`join("", [for i in range(1000) : big])`,
		`replace(big, "a", big)`,
		`replace(big, "/a/", big)`,
		`replace(big, "/a*/", "${join("", [for i in range(1000) : "$0"])}")`,
		`setproduct(range(1000), range(1000), range(1000))`,
		`flatten([for a in range(20) : range(1000)])`,
		`concat([for a in range(20) : range(1000)]...)`,
		`parseint(big, 16)`,
		`cidrhost("10.0.0.0/8", 1e999)`,
		`cidrsubnet("10.0.0.0/8", 1e9, 1)`,
	} {
		if v, diags := evaluate(t, line); !diags.HasErrors() {
			t.Errorf("%s gives %.60s", line, v.GoString())
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, line := range []string{
		`timestamp()`, `uuid()`, `file("x")`, `one(["a", "b"])`, `index(["a"], "b")`, `coalesce("", null)`, `length(1)`,
		`base64decode("%")`, `base64decode("/w==")`, `uuidv5("x", "y")`, `cidrhost("10.0.0.0", 1)`, `cidrhost("10.0.0.0/31", 2)`,
		`cidrnetmask("fd00::/48")`, `replace("a", "/(/", "")`, `matchkeys(["a"], [], [])`, `coalesce()`,
	} {
		if _, diags := evaluate(t, line); !diags.HasErrors() {
			t.Errorf("%s is no mistake", line)
		}
	}
}

func TestSensitive(t *testing.T) {
	for _, line := range []string{
		`sensitive("a")`, `upper(secret)`, `"x${secret}"`, `join(",", [secret])`, `format("%s", secret)`, `length(secret)`,
		`replace("a", "a", secret)`, `jsonencode({ a = secret })`, `sha256(secret)`, `coalesce("", secret)`, `base64encode(secret)`,
		`sum([sensitive(1)])`, `startswith(secret, "a")`, `one([secret])`, `length(sensitive(["a"]))`, `setproduct([secret], ["a"])`,
		`indent(2, secret)`, `try(secret, "a")`, `transpose({ a = [secret] })`, `matchkeys([secret], ["a"], ["a"])`,
	} {
		v, diags := evaluate(t, line)
		if diags.HasErrors() {
			t.Errorf("%s: %s", line, diags)
			continue
		}
		_, marks := v.UnmarkDeep()
		if _, ok := marks[Sensitive]; !ok {
			t.Errorf("%s is not sensitive any more", line)
		}
	}
	if v, _ := evaluate(t, `nonsensitive(secret)`); v.IsMarked() {
		t.Error("nonsensitive left the mark")
	}
}

func TestUnknown(t *testing.T) {
	for _, line := range []string{
		`upper(unknown)`, `replace("a", unknown, "b")`, `length(unknown)`, `coalesce(unknown, "a")`, `index(["a"], unknown)`,
		`join(",", ["a", unknown])`, `format("%s", unknown)`, `sha256(unknown)`, `cidrhost(unknown, 1)`, `uuidv5("dns", unknown)`,
		`matchkeys(["a"], [unknown], ["b"])`, `transpose({ a = [unknown] })`, `sum([1, length(unknown)])`, `alltrue([unknown == "a"])`,
	} {
		v, diags := evaluate(t, line)
		if diags.HasErrors() {
			t.Errorf("%s: %s", line, diags)
		} else if v.IsWhollyKnown() {
			t.Errorf("%s is known: %#v", line, v)
		}
	}
}

func TestAllIsACopy(t *testing.T) {
	delete(All(), "upper")
	if _, ok := All()["upper"]; !ok {
		t.Error("a caller changed the functions of all others")
	}
}
