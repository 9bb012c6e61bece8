package agent

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/function"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/plugin/wire"
)

// maxSaid bounds a line of a plugin in the agent's log, in bytes.
const maxSaid = 1 << 10

// pluginSays puts a line that a plugin has written into the agent's log, without the secrets of any stack: what a plugin is given
// was put into the vault before.
func (a *Agent) pluginSays(plugin, line string) {
	var secrets []cty.Value
	for _, s := range a.all() {
		for _, secret := range s.vault.Values() {
			secrets = append(secrets, cty.StringVal(secret).Mark(function.Sensitive))
		}
	}
	fmt.Fprintf(a.Log, "plugin %s: %s\n", plugin, wire.Text(state.Redact(line, secrets...), maxSaid))
}
