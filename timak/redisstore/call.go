package redisstore

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
)

// call carries out a request, and returns as soon as ctx ends: go-redis would wait
// for the answer or its own time limit. A request whose caller has left goes on.
func call[T any](ctx context.Context, s *Store, request func(ctx context.Context) (T, error)) (result T, err error) {
	if ctx.Err() != nil {
		return result, ended(ctx)
	}
	if !s.gate.Enter() {
		return result, driver.ErrClosed
	}
	result, err = awaitOn(ctx, s.workers.run, func(ctx context.Context) (T, error) {
		defer s.gate.Leave()
		return request(ctx)
	})
	return result, s.explain(ctx, err)
}

// await returns what a request returns, or the error of ctx as soon as that ends.
func await[T any](ctx context.Context, request func(ctx context.Context) (T, error)) (result T, err error) {
	return awaitOn(ctx, func(job func()) { go job() }, request)
}

// awaitOn is await for a request that run carries out, beside its caller.
func awaitOn[T any](ctx context.Context, run func(job func()), request func(ctx context.Context) (T, error)) (result T, err error) {
	if ctx.Done() == nil {
		return request(ctx)
	}
	answers := make(chan answer[T], 1)
	run(func() {
		result, err := request(ctx)
		answers <- answer[T]{result, err}
	})
	select {
	case a := <-answers:
		return a.result, a.err
	case <-ctx.Done():
		return result, ctx.Err()
	}
}

type answer[T any] struct {
	result T
	err    error
}

// explain returns the error of a request as callers see it.
func (s *Store) explain(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ended(ctx)
	case s.gate.Closed():
		return driver.ErrClosed
	default:
		err = classify(err)
		s.lookAgain(ctx, err)
		return err
	}
}

// lookAgain makes the client of a cluster ask who serves which slots now. It does so
// by itself only once a minute, and when a server tells it that it is wrong: not when
// a server is gone and its replica has taken over.
func (s *Store) lookAgain(ctx context.Context, err error) {
	if cluster, ok := s.client.(*redis.ClusterClient); ok && errors.Is(err, driver.ErrUnavailable) {
		cluster.ReloadState(ctx)
	}
}
