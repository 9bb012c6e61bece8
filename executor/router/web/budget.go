package web

import "sync/atomic"

// budget bounds how many requests are sent a second time, so that retries do not bury upstreams that have too much to do
// already: a fifth of all, and ten to begin with. Its zero value is full.
type budget struct {
	spent atomic.Int64 // in fifths of a retry
}

const (
	retryPrice = 5
	purse      = 10 * retryPrice
)

// earn counts a request.
func (b *budget) earn() {
	if b.spent.Load() > 0 {
		b.spent.Add(-1)
	}
}

// spend takes a retry if there is one.
func (b *budget) spend() bool {
	if b.spent.Load() > purse-retryPrice {
		return false
	}
	b.spent.Add(retryPrice)
	return true
}
