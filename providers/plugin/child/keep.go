package child

import (
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"
)

// Keep writes what a program has told to a file, of which others see all or nothing. They may do the same at the same time.
func Keep(file string, m proto.Message) error {
	if err := keep(file, m); err != nil {
		return fmt.Errorf("cannot keep a schema: %w", err)
	}
	return nil
}

func keep(file string, m proto.Message) error {
	text, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	fresh, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
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
	}
	return err
}
