package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"filippo.io/age"
)

var errUnreadable = errors.New("an entry cannot be decrypted or read: it was not written by this vault")

// seal encrypts a list of strings.
func (k Key) seal(list []string) ([]byte, error) {
	var clear []byte
	for _, s := range list {
		clear = binary.LittleEndian.AppendUint32(clear, uint32(len(s)))
		clear = append(clear, s...)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, k.identity.Recipient())
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(clear); err != nil {
		return nil, err
	}
	err = w.Close()
	return sealed.Bytes(), err
}

// open undoes seal. Its errors hold nothing of the content.
func (k Key) open(sealed []byte) ([]string, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), k.identity)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return nil, ErrWrongKey
	}
	if err != nil {
		return nil, errUnreadable
	}
	clear, err := io.ReadAll(r)
	if err != nil {
		return nil, errUnreadable
	}
	var list []string
	for len(clear) > 0 {
		if len(clear) < 4 || uint64(binary.LittleEndian.Uint32(clear)) > uint64(len(clear)-4) {
			return nil, errUnreadable
		}
		n := 4 + int(binary.LittleEndian.Uint32(clear))
		list = append(list, string(clear[4:n]))
		clear = clear[n:]
	}
	return list, nil
}
