package builtin

import "context"

// Store keeps directories that are written once and then only read, shared between stacks. Its methods are safe for
// concurrent use.
type Store interface {
	// Add returns the directory kept under key. If there is none yet, fill writes its content into a fresh
	// directory, which is kept when fill returns nil and dropped otherwise. Of several calls at once one fills.
	Add(ctx context.Context, key string, fill func(dir string) error) (string, error)
	// Sound returns the directory kept under key if it is as it was made. The error is fs.ErrNotExist if there is none,
	// and otherwise says what is damaged; Add makes it again in both cases.
	Sound(ctx context.Context, key string) (string, error)
}
