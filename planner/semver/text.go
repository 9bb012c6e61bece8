package semver

import "fmt"

// MarshalText writes v as String does.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText wrote: a version in full, and no other way to write it.
func (v *Version) UnmarshalText(text []byte) error {
	read, err := Parse(string(text))
	if err == nil && read.String() != string(text) {
		err = fmt.Errorf("%q is not a version in full, such as %s", text, read)
	}
	*v = read
	return err
}
