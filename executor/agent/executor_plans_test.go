package agent

import (
	"strings"
	"testing"

	"github.com/nsynapse/recipe/executor/local"
	"github.com/nsynapse/recipe/providers/sdk"
)

// What becomes of an instance is decided here: an executor does not plan.
func TestExecutorsDoNotPlan(t *testing.T) {
	box := local.New(local.Options{}).Schema()
	instance := box.Types["instance"]
	theirs := sdk.Schema{Types: map[string]sdk.TypeSchema{"instance": instance}}
	if err := runsInstances(theirs, box); err != nil {
		t.Errorf("ours is refused: %v", err)
	}
	instance.Plans = true
	theirs.Types["instance"] = instance
	if err := runsInstances(theirs, box); err == nil || !strings.Contains(err.Error(), "recipe plans instances itself") {
		t.Errorf("one that plans is met with %v", err)
	}
}
