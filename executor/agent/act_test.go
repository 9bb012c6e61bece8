package agent

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/nsynapse/recipe/executor/supervisor"
)

func TestTogether(t *testing.T) {
	broken := errors.New("broken")
	done, err := together([]string{"a", "gone", "b", "c"}, func(unit string) error {
		switch unit {
		case "gone":
			return fmt.Errorf("shop/gone: %w", supervisor.ErrUnknown)
		case "b":
			return broken
		}
		return nil
	})
	if !slices.Equal(done, []string{"a", "b", "c"}) || !errors.Is(err, broken) || err.Error() != "b: broken" {
		t.Errorf("%v, %v", done, err)
	}
}
