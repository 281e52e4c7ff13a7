package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Open returns a store on the server, or on the cluster of the server, at a URL:
//
//	redis://user:password@host:port/database
//	rediss://…                                        by TLS
//	unix://user:password@/path/to/socket?db=1
//	redis://host1:port?addr=host2:port&addr=host3:port  servers of a cluster
//	redis://host:port?master_name=name                  a Sentinel, and the name of its master
//
// go-redis' options may follow as parameters, such as pool_size=50 or
// read_timeout=1s: see its ParseURL. One server of a cluster leads to the others. No
// error shows the password. Open returns ErrMisconfigured for a server that would
// lose data, and driver.ErrUnavailable if the server does not answer. opts may be nil.
func Open(ctx context.Context, url string, opts *Options) (*Store, error) {
	client, err := dial(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("redisstore: open: %w", err)
	}
	return own(ctx, client, opts)
}

// OpenUniversal is Open with go-redis' own options, which it does not change.
func OpenUniversal(ctx context.Context, universal *redis.UniversalOptions, opts *Options) (*Store, error) {
	if universal == nil || len(universal.Addrs) == 0 {
		return nil, errors.New("redisstore: open: UniversalOptions.Addrs: expected the host:port of at least one server")
	}
	return own(ctx, redis.NewUniversalClient(universal), opts)
}

// New returns a store on a client that the application has made and goes on to own:
// a *redis.Client, or a *redis.ClusterClient. Close does not close it. Otherwise New
// is like Open.
func New(ctx context.Context, client redis.UniversalClient, opts *Options) (*Store, error) {
	all, err := opts.withDefaults()
	if err == nil {
		err = checkClient(client)
	}
	if err == nil {
		err = checkServers(ctx, client)
	}
	if err != nil {
		return nil, fmt.Errorf("redisstore: open: %w", err)
	}
	return &Store{client: client, prefix: all.Prefix, resend: resendsOf(client), room: listRoom, workers: newWorkers()}, nil
}

// own returns a store that owns the client. It closes it after an error.
func own(ctx context.Context, client redis.UniversalClient, opts *Options) (*Store, error) {
	s, err := New(ctx, client, opts)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	s.owned = true
	return s, nil
}

// dial returns the kind of client that a URL and its server need.
func dial(ctx context.Context, address string) (redis.UniversalClient, error) {
	parsed, err := parseURL(address)
	if err != nil {
		return nil, discreet(err)
	}
	query := parsed.Query()
	switch {
	case query.Has("master_name"):
		opts, err := redis.ParseFailoverURL(address)
		if err != nil {
			return nil, discreet(err)
		}
		return redis.NewFailoverClient(opts), nil
	case query.Has("addr"):
		return dialCluster(address)
	}
	opts, err := redis.ParseURL(address)
	if err != nil {
		return nil, discreet(err)
	}
	client := redis.NewClient(opts)
	info, err := readInfo(ctx, client)
	if err == nil && info["cluster_enabled"] != "1" {
		return client, nil
	}
	if err := errors.Join(wrap(ctx, err), client.Close()); err != nil {
		return nil, err
	}
	return dialCluster(address)
}

func dialCluster(address string) (redis.UniversalClient, error) {
	opts, err := redis.ParseClusterURL(address)
	if err != nil {
		return nil, discreet(err)
	}
	return redis.NewClusterClient(opts), nil
}

// parseURL refuses what is no URL, and one with an at sign or a hash behind the host: as a
// rule a special character has ended the password too early, and the rest of it would be
// taken for an address, a database or a parameter.
func parseURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(u.Opaque+u.EscapedPath()+u.RawQuery, "@") || u.Fragment != "" {
		return nil, errors.New("there is an @ or a # behind the host")
	}
	return u, nil
}

// discreet returns an error about a URL that does not show it: it holds a password.
func discreet(err error) error {
	if _, ok := errors.AsType[*url.Error](err); ok {
		err = errors.New("it is no URL")
	}
	return fmt.Errorf("the URL cannot be read: expected redis://user:password@host:port/database, with special characters as %%XX: %w", err)
}
