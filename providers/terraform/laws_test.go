package terraform_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

func str(s string) cty.Value { return cty.StringVal(s) }

// read is what a file holds; nil if there is none.
func read(path string) func() any {
	return func() any {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		return string(text)
	}
}

// The promises of every resource type hold for those of real providers, with version 5 of the protocol.
func TestLawsOfHashicorp(t *testing.T) {
	local := open(t, "local")
	sdktest.Run(t, sdktest.Suite{Provider: local, Type: "local_file", Kill: local.Kill, Cases: []sdktest.Case{{Name: "file", New: func(t *testing.T) sdktest.Thing {
		path := filepath.Join(t.TempDir(), "note")
		return sdktest.Thing{
			Create:  sdktest.Values{"provider": configuration("{}"), "filename": str(path), "content": str("one"), "file_permission": str("0640"), "directory_permission": str("0755")},
			Wrong:   []sdktest.Values{{"provider": configuration("{}"), "filename": str("/proc/nowhere/at/all"), "content": str("x"), "file_permission": str("0640"), "directory_permission": str("0755")}},
			Observe: read(path), Damage: func() { _ = os.Remove(path) },
		}
	}}}})
	time := open(t, "time")
	sdktest.Run(t, sdktest.Suite{Provider: time, Type: "time_sleep", Remembered: true, Kill: time.Kill, Cases: []sdktest.Case{{Name: "sleep", New: func(t *testing.T) sdktest.Thing {
		set := func(create string) sdktest.Values {
			return sdktest.Values{"provider": configuration("{}"), "create_duration": str(create), "destroy_duration": str("1ms")}
		}
		return sdktest.Thing{Create: set("1ms"), Updates: []sdktest.Values{set("2ms")}, Wrong: []sdktest.Values{set("soon")}}
	}}}})
	null := open(t, "null")
	sdktest.Run(t, sdktest.Suite{Provider: null, Type: "null_resource", Remembered: true, Cases: []sdktest.Case{{Name: "nothing", New: func(t *testing.T) sdktest.Thing {
		return sdktest.Thing{Create: sdktest.Values{"provider": configuration("{}"), "triggers": cty.MapVal(map[string]cty.Value{"a": str("b")})}}
	}}}})
	tls := open(t, "tls")
	sdktest.Run(t, sdktest.Suite{Provider: tls, Type: "tls_private_key", Remembered: true, Cases: []sdktest.Case{{Name: "key", New: func(t *testing.T) sdktest.Thing {
		return sdktest.Thing{
			Create: sdktest.Values{"provider": configuration("{}"), "algorithm": str("ED25519")},
			Wrong:  []sdktest.Values{{"provider": configuration("{}"), "algorithm": str("ROT13")}},
		}
	}}}})
}

// They hold for a provider of version 6 too, with nested attributes and blocks, defaults, secrets and updates in place.
func TestLawsOfSix(t *testing.T) {
	six := open(t, "six")
	sdktest.Run(t, sdktest.Suite{Provider: six, Type: "six_card", Kill: six.Kill, Cases: []sdktest.Case{{Name: "card", New: func(t *testing.T) sdktest.Thing {
		dir := t.TempDir()
		set := func(text, seal string, lines ...string) sdktest.Values {
			v := sdktest.Values{"provider": configuration(`{"directory":%q,"token":"the king himself"}`, dir), "name": str("card"), "text": str(text), "seal": str(seal), "whisper": str(seal + " and more")}
			if lines != nil {
				var all []cty.Value
				for _, l := range lines {
					all = append(all, cty.ObjectVal(map[string]cty.Value{"text": str(l)}))
				}
				v["line"] = cty.ListVal(all)
			}
			return v
		}
		return sdktest.Thing{
			Create: set("one", "as secret as it gets"), Updates: []sdktest.Values{set("two", "another secret of it", "a", "b"), set("three", "another secret of it")},
			Wrong:   []sdktest.Values{{"provider": configuration(`{"directory":"/proc/nowhere"}`), "name": str("x"), "text": str("x")}},
			Observe: read(filepath.Join(dir, "card")), Damage: func() { _ = os.Remove(filepath.Join(dir, "card")) },
		}
	}}}})
}
