package apply

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/journal"
)

// FuzzBook opens a book of any records, one a line; with folded the first one is a snapshot. Whoever wrote them, they are
// refused, or they say something that is read again as it is written.
func FuzzBook(f *testing.F) {
	names, err := filepath.Glob("testdata/book/*")
	if err != nil || names == nil {
		f.Fatal("there are no books to begin with", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		snapshot, err := bookOf(f, linesOf(text), false)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, false)
		f.Add(snapshot, true)
	}
	begin := `{"new":{"format":1,"stack":"s","directory":"/s","lineage":"l"}}` + "\n"
	for _, text := range []string{
		"", "null", "{}", begin + "{}",
		begin + `{"run":{}}`,
		begin + `{"run":{"tasks":[{}]}}` + "\n" + `{"task":{"index":0}}`,
		begin + `{"run":{"plan":{},"tasks":[{}]}}` + "\n" + `{"task":{"index":0,"gone":true}}`,
		begin + `{"run":{"plan":{}}}` + "\n" + `{"task":{"index":-1}}`,
		begin + `{"end":{"objects":[{}]}}`,
		begin + `{"turn":{"undo":true}}`,
	} {
		f.Add([]byte(text), false)
	}
	for _, rest := range []string{`}`, `,"objects":[null]}`, `,"objects":[{},{}]}`, `,"run":{}}`, `,"run":{"plan":{},"tasks":[{}]}}`} {
		f.Add([]byte(`{"identity":{"format":1,"stack":"s","directory":"/s","lineage":"l"}`+rest), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, folded bool) {
		first, err := bookOf(t, linesOf(text), folded)
		if err != nil {
			return
		}
		again, err := bookOf(t, [][]byte{first}, true)
		if err != nil || !bytes.Equal(first, again) {
			t.Errorf("what the book says,\n%s\nis read again as\n%s\n%v", first, again, err)
		}
	})
}

func linesOf(text []byte) [][]byte {
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
}

// bookOf returns what a book with these records says.
func bookOf(t testing.TB, records [][]byte, folded bool) ([]byte, error) {
	d := disktest.New(1)
	j, _, err := journal.Open(d, "/journal")
	if err != nil {
		t.Fatal(err)
	}
	for i, record := range records {
		if i == 0 && folded {
			err = j.Compact(record)
		} else {
			err = j.Append(record)
		}
		if err != nil {
			t.Skip("no journal has such a record")
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	book, err := OpenBook(d, "/journal", "test", "/src")
	if err != nil {
		return nil, err
	}
	defer book.Close()
	text, err := book.encode()
	if err != nil {
		t.Fatal(err)
	}
	return text, nil
}
