package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"stile/internal/kv"
	"stile/internal/ratelimit"
)

// saveQuotas is how often the counters of quotas are written, where any counted: a
// process that is killed forgets what it counted since.
const saveQuotas = time.Second

// quotaBook keeps the counters of quotas over a restart, in the configuration's store.
type quotaBook struct {
	groups *ratelimit.Groups
	store  kv.Store
	log    *slog.Logger
}

// openQuotas reads the counters back; those whose windows are over are removed.
func openQuotas(store kv.Store, now time.Time, log *slog.Logger) (*quotaBook, error) {
	q := &quotaBook{ratelimit.NewGroups(0), store, log}
	var gone []kv.Op
	var bad error
	err := store.Iterate(spaceQuotas, kv.Range{}, func(key, value []byte) bool {
		k := ratelimit.Kept{Data: value}
		live := false
		if bad = errors.New("a key of another length"); copy(k.ID[:], key) == len(key) && len(key) == len(k.ID) {
			live, bad = q.groups.Restore(k, now)
		}
		if bad == nil && !live {
			gone = append(gone, kv.Op{Kind: kv.Delete, Space: spaceQuotas, Key: append([]byte(nil), key...)})
		}
		return bad == nil
	})
	if err = errors.Join(err, bad); err != nil {
		return nil, fmt.Errorf("the counters of quotas cannot be read: %w", err)
	}
	if len(gone) > 0 {
		if err := commit(store, gone); err != nil {
			return nil, err
		}
	}
	q.groups.Keep()
	return q, nil
}

// run saves the counters until ctx ends.
func (q *quotaBook) run(ctx context.Context) {
	tick := time.NewTicker(saveQuotas)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			q.save()
		case <-ctx.Done():
			return
		}
	}
}

// save writes what has counted since the last time, in one group.
func (q *quotaBook) save() {
	err := q.groups.Save(func(changed []ratelimit.Kept) error {
		ops := make([]kv.Op, len(changed))
		for i, k := range changed {
			ops[i] = kv.Op{Kind: kv.Set, Space: spaceQuotas, Key: append([]byte(nil), k.ID[:]...), Value: k.Data}
			if k.Data == nil {
				ops[i].Kind = kv.Delete
			}
		}
		return commit(q.store, ops)
	})
	if err != nil {
		q.log.Error("the counters of quotas were not saved", "error", err)
	}
}
