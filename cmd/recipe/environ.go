package main

import "strings"

// variablePrefix begins the names of the environment variables that give values to the variables of a stack.
const variablePrefix = "RECIPE_VAR_"

// agentEnvironment is the environment of an agent that a command starts: the command's own without the values for one
// plan, which may be secret, while an agent stays and can be looked at, and without the trace that the command is a part of.
func agentEnvironment(environ []string, home string) []string {
	var kept []string
	for _, setting := range environ {
		if !strings.HasPrefix(setting, variablePrefix) && !strings.HasPrefix(setting, "TRACEPARENT=") {
			kept = append(kept, setting)
		}
	}
	return append(kept, "RECIPE_HOME="+home)
}
