package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	subject    = "order.placed"
	streamName = "ORDERS"
	workerName = "shop-worker" // the workers of all instances share it: each event goes to one of them
)

// events is the bus. A stream keeps what was published until a worker has had it.
type events struct {
	conn   *nats.Conn
	stream jetstream.JetStream
}

// openEvents connects in the background, again and again: the shop starts while the bus restarts.
func openEvents(url, name string) (events, error) {
	conn, err := nats.Connect(url, nats.Name(name),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(pause), nats.Timeout(2*time.Second),
		nats.IgnoreAuthErrorAbort(), // a bus that comes up may not know us at once
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Printf("the bus is gone: %s", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Print("the bus is back") }))
	if err != nil {
		return events{}, errors.New("EVENTS_URL is no address of a bus") // the error may show it
	}
	stream, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return events{}, fmt.Errorf("cannot use the bus: %w", err)
	}
	return events{conn, stream}, nil
}

func (e events) close() { e.conn.Close() }

// ping asks whether the bus works.
func (e events) ping(ctx context.Context) error { return e.conn.FlushWithContext(ctx) }

// ensure makes the stream; one that is there stays as it is.
func (e events) ensure(ctx context.Context) (jetstream.Stream, error) {
	return e.stream.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: streamName, Subjects: []string{subject}, Storage: jetstream.FileStorage,
		Retention: jetstream.WorkQueuePolicy, Duplicates: 2 * time.Minute,
	})
}

// placed tells the workers of an order. An event that is repeated within two minutes counts once, by its order.
func (e events) placed(ctx context.Context, id string) error {
	passing := func(error) bool { return true } // nothing about this message could be wrong for good
	return retry(ctx, passing, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		_, err := e.stream.Publish(ctx, subject, []byte(id), jetstream.WithMsgID(id))
		if errors.Is(err, jetstream.ErrNoStreamResponse) {
			_, made := e.ensure(ctx)
			err = errors.Join(err, made)
		}
		return err
	})
}

// consumer returns the queue that the workers share.
func (e events) consumer(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	stream, err := e.ensure(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot make the stream %s: %w", streamName, err)
	}
	c, err := stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: workerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: 30 * time.Second,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot make the consumer %s: %w", workerName, err)
	}
	return c, nil
}
