package router

import (
	"testing"

	"github.com/nsynapse/recipe/executor/disk/disktest"
)

// A table file is taken only with its own sum; whatever it holds, what is taken can be saved and read again.
func FuzzTable(f *testing.F) {
	d := disktest.New(1)
	if err := saveTable(d, "/table", Table{}); err != nil {
		f.Fatal(err)
	}
	content, err := d.Content("/table")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Fuzz(func(t *testing.T, content []byte) {
		d := disktest.New(1)
		if err := d.Damage("/table", content); err != nil {
			t.Fatal(err)
		}
		table, err := loadTable(d, "/table")
		if err != nil {
			return
		}
		if err := saveTable(d, "/again", table); err != nil {
			t.Fatal(err)
		}
		if _, err := loadTable(d, "/again"); err != nil {
			t.Error(err)
		}
	})
}
