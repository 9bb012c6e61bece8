package main

import (
	"context"
	"log"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	listen       = 2 * time.Second  // how long to wait for an event at a time
	sweepEvery   = 15 * time.Second // between two looks for orders that no event told of
	forgottenAge = 30 * time.Second
)

// worker processes orders.
type worker struct {
	database database
	events   events
	instance string
}

// work processes orders until ctx ends.
func work(ctx context.Context, c config) error {
	db, err := openDatabase(c.databaseURL)
	if err != nil {
		return err
	}
	defer db.close()
	bus, err := openEvents(c.eventsURL, "shop worker "+c.instance)
	if err != nil {
		return err
	}
	defer bus.close()
	log.Printf("waiting for %s", subject)
	w := worker{db, bus, c.instance}
	for ctx.Err() == nil {
		// It ends with an error when the bus goes away; then it begins again, also with a bus that lost everything.
		if err := w.follow(ctx); err != nil && ctx.Err() == nil {
			log.Printf("no events: %s", err)
			wait(ctx, time.Second)
		}
	}
	return nil
}

// follow takes events one by one, and looks from time to time for orders that none has told of: the shop may have
// died between storing an order and telling of it.
func (w worker) follow(ctx context.Context) error {
	queue, err := w.events.consumer(ctx)
	if err != nil {
		return err
	}
	for swept := (time.Time{}); ctx.Err() == nil; {
		if time.Since(swept) > sweepEvery {
			w.sweep(ctx)
			swept = time.Now()
		}
		batch, err := queue.Fetch(1, jetstream.FetchMaxWait(listen))
		if err != nil {
			return err
		}
		for message := range batch.Messages() {
			w.handle(ctx, message)
		}
		if err := batch.Error(); err != nil {
			return err
		}
	}
	return nil
}

// handle processes the order of an event. A failure leaves the event on the bus, which brings it again.
func (w worker) handle(ctx context.Context, message jetstream.Msg) {
	if err := w.process(ctx, string(message.Data())); err != nil {
		log.Printf("an order is not processed: %s", err)
		_ = message.NakWithDelay(time.Second) // lost, it comes again a little later
		return
	}
	if err := message.Ack(); err != nil {
		log.Printf("an event will come again: %s", err)
	}
}

func (w worker) sweep(ctx context.Context) {
	ids, err := w.database.forgotten(ctx, forgottenAge)
	for _, id := range ids {
		if err == nil {
			err = w.process(ctx, id)
		}
	}
	if err != nil && ctx.Err() == nil {
		log.Printf("cannot look for forgotten orders: %s", err)
	}
}

func (w worker) process(ctx context.Context, id string) error {
	first, err := w.database.process(ctx, id, w.instance)
	if first {
		log.Printf("order %s is processed", id)
	}
	return err
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
