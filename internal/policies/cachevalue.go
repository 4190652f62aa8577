package policies

import (
	"context"
	"strconv"

	"stile/policy"
	"stile/policy/exchange"
	"stile/policy/expr"
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

// valueKey names a value in the cache that it shares with answers.
func valueKey(v policy.Value, ex *exchange.Exchange, env *policy.Env) (string, error) {
	key, err := v.Text(ex, env)
	if err == nil && key == "" {
		err = policy.FailValue("the key of a cached value is empty")
	}
	return "value " + strconv.Quote(key), err
}

func compileCacheLookupValue(c *policy.Compiler, e *policy.Element) policy.Run {
	usable, key, name := usesCache(c, e), c.Value(e, "key"), c.Value(e, "variable-name").Constant()
	fallback := c.Value(e, "default-value")
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		at, err := valueKey(key, ex, env)
		if err != nil {
			return err
		}
		if usable && env.Cache != nil {
			found, _, ok, err := env.Cache.Get(ctx, at, env.Now())
			if kept, isValue := found.(cachedValue); err == nil && ok && isValue {
				if v, ok := copyOf(kept.value); ok {
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
	usable, key, value, duration := usesCache(c, e), c.Value(e, "key"), c.Value(e, "value"), c.Value(e, "duration")
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		at, err := valueKey(key, ex, env)
		if err != nil {
			return err
		}
		v, err := value.Eval(ex, env)
		if err != nil {
			return err
		}
		ttl, err := cacheTime(duration, ex, env)
		if err != nil || !usable || env.Cache == nil {
			return err
		}
		kept, ok := copyOf(v)
		size := len(expr.ToText(v))
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
		if err := env.Cache.Put(ctx, at, cachedValue{kept}, int64(size), ttl, env.Now()); err != nil {
			env.Note("the cache failed: " + err.Error())
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
	usable, key, strict := usesCache(c, e), c.Value(e, "key"), c.Value(e, "fail-on-cache-removal-error")
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		at, err := valueKey(key, ex, env)
		if err != nil || !usable || env.Cache == nil {
			return err
		}
		failed := env.Cache.Remove(ctx, at)
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
