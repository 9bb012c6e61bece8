package backups

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/nsynapse/recipe/executor/vault"
)

// Keys say who can read the backups that are written.
type Keys struct {
	Own vault.Key
	// File lists further recipients, one a line as age has them ("age1…"); # begins a comment. They can read the backups
	// when the own key is lost. It need not be there.
	File string
}

// seal encrypts what is written to the result, whose Close ends it. Nobody can read it but those of k.
func (k Keys) seal(w io.Writer) (io.WriteCloser, error) {
	recipients := []age.Recipient{k.Own.Recipient()}
	f, err := os.Open(k.File)
	switch {
	case err == nil:
		more, err := age.ParseRecipients(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", k.File, err)
		}
		recipients = append(recipients, more...)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("cannot read who may read backups: %w", err)
	}
	return age.Encrypt(w, recipients...)
}

// SealFor encrypts what is written to the result for one recipient, "age1…", and nobody else. Close ends it.
func SealFor(recipient string, w io.Writer) (io.WriteCloser, error) {
	r, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return nil, fmt.Errorf("%q is not a recipient as age has them, which begin with age1: %w", recipient, err)
	}
	return age.Encrypt(w, r)
}

// clear is what a file holds in clear: its compressed archive. identities is a file of keys as age-keygen writes it, "" for
// the own key alone.
func (k Keys) clear(file io.Reader, identities string) (io.Reader, error) {
	r := bufio.NewReaderSize(file, 64<<10)
	start, _ := r.Peek(len(armor.Header)) // of a shorter file what there is
	switch {
	case string(start) == armor.Header:
		return k.decrypt(armor.NewReader(r), identities)
	case len(start) >= len(ageIntro) && string(start[:len(ageIntro)]) == ageIntro:
		return k.decrypt(r, identities)
	}
	return r, nil
}

const ageIntro = "age-encryption.org/"

func (k Keys) decrypt(r io.Reader, file string) (io.Reader, error) {
	keys := []age.Identity{k.Own}
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("cannot read the keys: %w", err)
		}
		more, err := age.ParseIdentities(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s holds no keys as age-keygen writes them", file) // the cause can quote them
		}
		keys = append(more, keys...)
	}
	clear, err := age.Decrypt(r, keys...)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return nil, ErrNoKey
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return clear, nil
}
