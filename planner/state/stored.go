package state

import "bytes"

// StoreKeys calls each with the key of every entry of the store that the text names by its path, …/store/KEY/…, once for each time that
// it does. What only looks like one is among them.
func StoreKeys(text []byte, each func(key string)) {
	for {
		_, rest, found := bytes.Cut(text, []byte("/store/"))
		if !found {
			return
		}
		n := 0
		for n < len(rest) && inKey(rest[n]) {
			n++
		}
		if n > 0 {
			each(string(rest[:n]))
		}
		text = rest[n:]
	}
}

func inKey(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-'
}
