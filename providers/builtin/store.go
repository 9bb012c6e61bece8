package builtin

import "context"

// Store keeps directories that are written once and then only read, shared between stacks. Its methods are safe for
// concurrent use.
type Store interface {
	// Add returns the directory kept under key. If there is none yet, fill writes its content into a fresh
	// directory, which is kept when fill returns nil and dropped otherwise. Of several calls at once one fills.
	Add(ctx context.Context, key string, fill func(dir string) error) (string, error)
	// Path returns the directory kept under key, and false if there is none.
	Path(key string) (string, bool)
}
