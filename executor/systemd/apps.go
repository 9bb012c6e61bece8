package systemd

import (
	"fmt"
	"strings"
)

// The agent and its apps are two units. systemd starts a service in the control group of its unit, and a group of the second
// generation that bounds groups below it takes no process. So an agent whose apps have groups below its own could not be
// started again beside them (DelegateSubgroup=, which solves that, came with systemd 254). The unit of the apps has one process of its own,
// which does nothing: systemd removes the group of a unit that has none.

const (
	serviceSuffix = ".service"
	appsSuffix    = "-apps" + serviceSuffix
)

// AppsOf is the unit of the apps for the unit of an agent: of its name, or of the path of its control group, since the two
// groups are beside each other. It is "" for what is not the unit of an agent.
func AppsOf(service string) string {
	name, ok := strings.CutSuffix(service, serviceSuffix)
	if !ok || strings.HasSuffix(service, appsSuffix) {
		return ""
	}
	return name + appsSuffix
}

// AppsText is the content of the file of the apps' unit. Nobody but the end of the machine stops it: the agent would start
// everything again, and find its group gone.
func (u Unit) AppsText() string {
	return fmt.Sprintf(`# Written by recipe agent install. recipe agent uninstall removes it.
[Unit]
Description=apps of the recipe agent of %s
RefuseManualStop=yes

[Service]
Type=exec
# It keeps the control group, below which the agent makes others, by which limits are enforced.
ExecStart=/bin/sleep infinity
Delegate=yes
# Nothing that happens to one of them is a matter of the others. The agent ends them.
KillMode=process
OOMPolicy=continue
TasksMax=infinity
`, u.home())
}

// home is the RECIPE_HOME as it is written in the text of a unit.
func (u Unit) home() string { return strings.ReplaceAll(u.Home, "%", "%%") }
