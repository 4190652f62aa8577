package activity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
)

// Store keeps the activities; what it says is done is durable. It orders nothing.
type Store interface {
	Put(name string, value []byte) error
	Delete(name string) error
	Each(f func(name string, value []byte) bool) error
}

// recordFormat is the first byte of a record.
const recordFormat = 1

// record is an activity in the store, by its name; JSON behind the format's byte.
type record struct {
	Created    int64           `json:"created"` // Unix ms
	Tags       []sfn.Tag       `json:"tags,omitempty"`
	Encryption json.RawMessage `json:"encryption,omitempty"`
}

// registry knows the activities. changing is held for one change, its write included;
// mu only to look, and to show what has become durable.
type registry struct {
	store           Store
	region, account string
	now             func() time.Time

	changing sync.Mutex
	mu       sync.RWMutex
	byARN    map[string]sfn.Activity
}

func openRegistry(store Store, region, account string, now func() time.Time) (*registry, error) {
	r := &registry{store: store, region: region, account: account, now: now, byARN: map[string]sfn.Activity{}}
	var bad error
	err := store.Each(func(name string, value []byte) bool {
		var stored record
		if len(value) == 0 || value[0] != recordFormat {
			bad = fmt.Errorf("the record of activity %s has a format that is not known here", name)
			return false
		}
		if bad = json.Unmarshal(value[1:], &stored); bad != nil {
			bad = fmt.Errorf("the record of activity %s cannot be read: %w", name, bad)
			return false
		}
		a := sfn.Activity{ARN: r.arn(name), Name: name, Created: time.UnixMilli(stored.Created), Tags: stored.Tags}
		if len(stored.Encryption) > 0 {
			if a.Encryption, bad = jsonval.Parse(slices.Clone(stored.Encryption)); bad != nil {
				return false
			}
		}
		r.byARN[a.ARN] = a
		return true
	})
	if err == nil {
		err = bad
	}
	return r, err
}

func (r *registry) arn(name string) string { return sfn.ActivityARN(r.region, r.account, name) }

func (r *registry) get(arn string) (sfn.Activity, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	a, ok := r.byARN[arn]
	return a, ok
}

// put writes an activity and shows it; changing is held.
func (r *registry) put(a sfn.Activity) error {
	stored := record{Created: a.Created.UnixMilli(), Tags: a.Tags}
	if a.Encryption.Exists() {
		stored.Encryption = a.Encryption.Raw()
	}
	b, err := json.Marshal(stored)
	if err != nil {
		return err
	}
	if err := r.store.Put(a.Name, append([]byte{recordFormat}, b...)); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byARN[a.ARN] = a
	return nil
}

// Exists says whether an activity is there. It does not block on a disk.
func (r *registry) Exists(arn string) bool {
	_, ok := r.get(arn)
	return ok
}

// CreateActivity makes an activity. One of the name that is there already is given
// as it is; tags are not compared, and one that is encrypted otherwise is
// ActivityAlreadyExists.
func (r *registry) CreateActivity(_ context.Context, in sfn.NewActivity) (sfn.Activity, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	if old, ok := r.get(r.arn(in.Name)); ok {
		if !same(old.Encryption, in.Encryption) {
			return sfn.Activity{}, sfn.ActivityAlreadyExists(old.ARN)
		}
		return old, nil
	}
	if len(r.byARN) >= sfn.MaxActivities { // only changes write it
		return sfn.Activity{}, sfn.ActivityLimitExceeded()
	}
	a := sfn.Activity{ARN: r.arn(in.Name), Name: in.Name, Created: time.UnixMilli(r.now().UnixMilli()), Tags: in.Tags, Encryption: in.Encryption}
	return a, r.put(a)
}

// same compares two encryptions; one that was not given is one by a key of the
// service's own.
func same(a, b jsonval.Value) bool {
	kind := func(v jsonval.Value) string {
		if s, ok := v.Get("type").Str(); ok {
			return s
		}
		return "AWS_OWNED_KEY"
	}
	return kind(a) == kind(b)
}

// DescribeActivity gives an activity.
func (r *registry) DescribeActivity(_ context.Context, arn string) (sfn.Activity, error) {
	a, ok := r.get(arn)
	if !ok {
		return a, sfn.ActivityDoesNotExist(arn)
	}
	return a, nil
}

// The page size where none is asked for, and the most that one page holds.
const (
	defaultPage = 100
	maxPage     = 1000
)

// ListActivities gives a page of activities by name, and the token of the next page
// ("" at the end).
func (r *registry) ListActivities(_ context.Context, p sfn.Page) ([]sfn.Activity, string, error) {
	after := ""
	if p.Token != "" {
		b, err := base64.RawURLEncoding.Strict().DecodeString(p.Token)
		name, ok := strings.CutPrefix(string(b), "activities ")
		if err != nil || !ok || !sfn.LegalName(name) {
			return nil, "", sfn.InvalidToken()
		}
		after = name
	}
	size := p.Max
	if size <= 0 {
		size = defaultPage
	}
	size = min(size, maxPage)
	r.mu.RLock()
	all := slices.Collect(maps.Values(r.byARN))
	r.mu.RUnlock()
	all = slices.DeleteFunc(all, func(a sfn.Activity) bool { return after != "" && a.Name <= after })
	slices.SortFunc(all, func(a, b sfn.Activity) int { return strings.Compare(a.Name, b.Name) })
	if len(all) <= size {
		return all, "", nil
	}
	return all[:size], base64.RawURLEncoding.EncodeToString([]byte("activities " + all[size-1].Name)), nil
}

// remove deletes an activity; one that is not there is no error.
func (r *registry) remove(arn string) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	a, ok := r.get(arn)
	if !ok {
		return nil
	}
	if err := r.store.Delete(a.Name); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byARN, arn)
	return nil
}
