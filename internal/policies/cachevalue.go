package policies

import (
	"context"
	"strconv"

	"stile/internal/policies/cachecodec"
	"stile/policy"
	"stile/policy/exchange"
)

// cacheLookupValue is https://learn.microsoft.com/azure/api-management/cache-lookup-value-policy.
// Without a value and a default the variable is not set.
var cacheLookupValue = policy.Descriptor{
	Name: "cache-lookup-value", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "key", Required: true, Expression: true}, {Name: "variable-name", Required: true},
		{Name: "default-value", Expression: true}, cachingType,
	}},
	Doc:     "Puts a value of the cache into a variable.",
	Compile: compileCacheLookupValue,
}

// valuesOf begins the keys of cached values, which the cache shares with answers: those
// of a workspace are its own.
func valuesOf(c *policy.Compiler) string {
	if w := c.Workspace(); w != "" {
		return "value of " + strconv.Quote(w) + " "
	}
	return "value "
}

// valueKey names a value in the cache; space is by valuesOf.
func valueKey(space string, v policy.Value, ex *exchange.Exchange, env *policy.Env) (string, error) {
	key, err := v.Text(ex, env)
	if err == nil && key == "" {
		err = policy.FailValue("the key of a cached value is empty")
	}
	return space + strconv.Quote(key), err
}

func compileCacheLookupValue(c *policy.Compiler, e *policy.Element) policy.Run {
	kind, key, name := compileCaching(c, e), c.Value(e, "key"), c.Value(e, "variable-name").Constant()
	fallback, space := c.Value(e, "default-value"), valuesOf(c)
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		at, err := valueKey(space, key, ex, env)
		if err != nil {
			return err
		}
		if store := kind.of(env); store != nil {
			found, _, ok, err := store.Get(ctx, at, env.Now())
			if kept, isValue := found.(cachecodec.Value); err == nil && ok && isValue {
				if v, ok := copyOf(kept.Value); ok {
					env.Note("hit")
					setVariableTo(ex, name, v)
					return nil
				}
			}
			env.Note(lookupNote(err))
		}
		if !fallback.Set() {
			return nil
		}
		v, err := fallback.Eval(ex, env)
		if err == nil {
			setVariableTo(ex, name, v)
		}
		return err
	}
}

// cacheStoreValue is https://learn.microsoft.com/azure/api-management/cache-store-value-policy.
// Difference: the value is there at once.
var cacheStoreValue = policy.Descriptor{
	Name: "cache-store-value", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "key", Required: true, Expression: true}, {Name: "value", Required: true, Expression: true},
		{Name: "duration", Required: true, Expression: true, Kind: policy.IntKind}, cachingType,
	}},
	Doc:     "Keeps a value in the cache under a key of your own.",
	Compile: compileCacheStoreValue,
}

func compileCacheStoreValue(c *policy.Compiler, e *policy.Element) policy.Run {
	kind, key, value, duration := compileCaching(c, e), c.Value(e, "key"), c.Value(e, "value"), c.Value(e, "duration")
	space := valuesOf(c)
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		at, err := valueKey(space, key, ex, env)
		if err != nil {
			return err
		}
		v, err := value.Eval(ex, env)
		if err != nil {
			return err
		}
		ttl, err := cacheTime(duration, ex, env)
		store := kind.of(env)
		if err != nil || store == nil {
			return err
		}
		kept, ok := copyOf(v)
		size := sizeOf(v)
		switch {
		case v == nil:
			env.Note("null is not kept")
			return nil
		case !ok:
			env.Note("a value of this type cannot be kept")
			return nil
		case size > maxCached:
			env.Note("larger than 2 MiB, not kept")
			return nil
		}
		if err := store.Put(ctx, at, cachecodec.Value{Value: kept}, int64(size), ttl, env.Now()); err != nil {
			env.Note(putNote(err))
		}
		return nil
	}
}

// cacheRemoveValue is https://learn.microsoft.com/azure/api-management/cache-remove-value-policy.
var cacheRemoveValue = policy.Descriptor{
	Name: "cache-remove-value", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "key", Required: true, Expression: true}, cachingType,
		{Name: "fail-on-cache-removal-error", Expression: true, Kind: policy.BoolKind, Default: "false"},
	}},
	Doc:     "Removes a value from the cache.",
	Compile: compileCacheRemoveValue,
}

func compileCacheRemoveValue(c *policy.Compiler, e *policy.Element) policy.Run {
	kind, key, strict := compileCaching(c, e), c.Value(e, "key"), c.Value(e, "fail-on-cache-removal-error")
	space := valuesOf(c)
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		at, err := valueKey(space, key, ex, env)
		store := kind.of(env)
		if err != nil || store == nil {
			return err
		}
		failed := store.Remove(ctx, at)
		if failed == nil {
			return nil
		}
		env.Note(lookupNote(failed))
		fail, err := strict.Bool(ex, env)
		if err == nil && fail {
			err = failed
		}
		return err
	}
}
