package plan_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	. "github.com/nsynapse/recipe/planner/plan"
)

func TestStream(t *testing.T) {
	for name, p := range map[string]*Plan{"actions": allActions(t), "empty": {Kept: 3}, "rolls": rolls(t), "destroy": destroy(t, 1)} {
		t.Run(name, func(t *testing.T) {
			at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			now := func() time.Time {
				at = at.Add(time.Millisecond)
				return at
			}
			var b bytes.Buffer
			encoder := json.NewEncoder(&b)
			encoder.SetEscapeHTML(false)
			for _, line := range append([]any{NewVersionLine("0.1.0", now())}, Stream(p, now)...) {
				if err := encoder.Encode(line); err != nil {
					t.Fatal(err)
				}
			}
			golden(t, "stream-"+name+".golden", b.Bytes())
		})
	}
}
