package terraform

import (
	"os"

	"google.golang.org/protobuf/proto"

	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// keptSchemas reads the types of a program from a file; nil if there is none that can be read.
func keptSchemas(file string) *tfplugin6.SchemaResponse {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	m := &tfplugin6.SchemaResponse{}
	if proto.Unmarshal(text, m) != nil {
		return nil
	}
	return m
}
