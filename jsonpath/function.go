package jsonpath

import (
	"math"

	"stile/jsonval"
)

// functions are Jayway's that take no argument and may end a path.
var functions = map[string]bool{
	"length": true, "size": true, "keys": true, "min": true, "max": true,
	"avg": true, "sum": true, "stddev": true, "first": true, "last": true,
}

func apply(name string, v jsonval.Value) (jsonval.Value, error) {
	switch name {
	case "length", "size":
		if hasSize(v) {
			return jsonval.OfInt(int64(size(v))), nil
		}
		return jsonval.NullValue, nil
	case "keys":
		if v.Kind() != jsonval.ObjectKind {
			return jsonval.NullValue, nil
		}
		var a jsonval.Array
		for _, n := range v.Names() {
			a.Add(jsonval.OfString(n))
		}
		return a.Value(), nil
	case "first":
		return item(v, 0)
	case "last":
		return item(v, -1)
	}
	var list []float64
	v.EachItem(func(m jsonval.Value) bool {
		if f, ok := m.Float(); ok {
			list = append(list, f)
		}
		return true
	})
	if len(list) == 0 {
		return v, &NotFound{reason: "Aggregation function attempted to calculate value using empty array"}
	}
	return jsonval.OfFloat(aggregate(name, list)), nil
}

func item(v jsonval.Value, i int) (jsonval.Value, error) {
	if m := index(v, i); m.Exists() {
		return m, nil
	}
	return v, &NotFound{reason: "Aggregation function attempted to calculate value using empty array"}
}

func aggregate(name string, list []float64) float64 {
	lo, hi, sum, squares := list[0], list[0], 0.0, 0.0
	for _, f := range list {
		lo, hi = min(lo, f), max(hi, f)
		sum += f
		squares += f * f
	}
	n := float64(len(list))
	switch name {
	case "min":
		return lo
	case "max":
		return hi
	case "sum":
		return sum
	case "avg":
		return sum / n
	}
	return math.Sqrt(max(0, squares/n-sum*sum/n/n))
}
