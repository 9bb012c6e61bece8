package semver_test

import (
	"encoding/json"
	"testing"

	"github.com/nsynapse/recipe/planner/semver"
)

func TestText(t *testing.T) {
	for _, text := range []string{`"1.2.3"`, `"0.0.0"`, `"1.2.3-rc.1+build.5"`} {
		var v semver.Version
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Error(text, err)
		}
		if again, err := json.Marshal(v); err != nil || string(again) != text {
			t.Errorf("%s became %s, %v", text, again, err)
		}
	}
	for _, text := range []string{`"1.2"`, `"v1.2.3"`, `""`, `"x"`, `1`} {
		var v semver.Version
		if err := json.Unmarshal([]byte(text), &v); err == nil {
			t.Errorf("%s was taken as %v", text, v)
		}
	}
}
