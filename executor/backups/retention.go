package backups

import "time"

// Retention says which backups are kept. The zero value keeps all.
type Retention struct {
	Keep   int           // at most so many; 0 is all
	MaxAge time.Duration // none that is older; 0 is any age
}

// Excess lists those of a list, oldest first, that are not to be kept. The newest is always kept, however old it is: it may be
// all that is left of the data.
func (r Retention) Excess(list []Backup, now time.Time) []Backup {
	gone := 0
	for i := range list[:max(0, len(list)-1)] {
		if r.Keep > 0 && len(list)-i > r.Keep || r.MaxAge > 0 && now.Sub(list[i].Time) > r.MaxAge {
			gone = i + 1
		}
	}
	return list[:gone]
}
