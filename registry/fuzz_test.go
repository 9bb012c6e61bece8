package registry

import "testing"

// FuzzManifest reads what a trusted publisher may have signed: whatever it is, it is refused or complete.
func FuzzManifest(f *testing.F) {
	f.Add(manifestHead + `{"name":"acme/shop","version":"1.0.0","archives":[{"platform":"any","digest":"sha256:00","size":1,"content":{}}]}`)
	f.Add(manifestHead + `{"name":"acme/shop","version":"1.0","archives":[{}]} {}`)
	f.Add(statusHead + `{"name":"acme/shop","version":"1.0.0","state":"yanked","number":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		if m, err := parseManifest(text, "acme/shop", "1.0.0"); err == nil {
			if m.Name != "acme/shop" || m.Version.String() != "1.0.0" || len(m.Archives) == 0 {
				t.Errorf("taken: %+v", m)
			}
			if _, err := m.For("linux/amd64"); err == nil && m.Platforms() != nil && len(m.Archives) == 0 {
				t.Errorf("an archive of nothing: %+v", m)
			}
		}
		if s, err := parseStatus(text, "acme/shop", "1.0.0"); err == nil && (s.Name != "acme/shop" || s.State == "") {
			t.Errorf("taken: %+v", s)
		}
	})
}
