package terraform

import (
	"fmt"
	"os"
	"path/filepath"

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

// keepSchemas writes the types of a program to a file. Others may do the same at the same time.
func keepSchemas(file string, m *tfplugin6.SchemaResponse) error {
	text, err := proto.Marshal(m)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o700)
	}
	if err != nil {
		return fmt.Errorf("cannot keep a schema: %w", err)
	}
	fresh, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return fmt.Errorf("cannot keep a schema: %w", err)
	}
	_, err = fresh.Write(text)
	if closeErr := fresh.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(fresh.Name(), file)
	}
	if err != nil {
		_ = os.Remove(fresh.Name()) // the first error says more
		return fmt.Errorf("cannot keep a schema: %w", err)
	}
	return nil
}
