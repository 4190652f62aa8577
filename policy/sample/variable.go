package sample

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"stile/policy/expr/clr"
	"stile/policy/expr/library"
)

// variable reads a value of context.Variables. Texts, booleans and numbers are
// string, bool, int, long and double; arrays and objects are JArray and JObject. An
// object of two members, $type and value, names its type: what typed knows.
func variable(raw json.RawMessage) (any, error) {
	var named struct {
		Type  string          `json:"$type"`
		Value json.RawMessage `json:"value"`
	}
	text := strings.TrimSpace(string(raw))
	if strings.HasPrefix(text, "{") && json.Unmarshal(raw, &named) == nil && named.Type != "" {
		return typed(named.Type, named.Value)
	}
	switch {
	case text == "null":
		return nil, nil
	case text == "true" || text == "false":
		return text == "true", nil
	case strings.HasPrefix(text, `"`):
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
		return token(text)
	}
	if n, err := strconv.ParseInt(text, 10, 32); err == nil {
		return int32(n), nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	return strconv.ParseFloat(text, 64)
}

// token is JToken.Parse.
func token(text string) (v any, err error) {
	defer func() {
		if t, ok := recover().(*clr.Thrown); ok {
			v, err = nil, errors.New(t.Exc.Message)
		}
	}()
	return library.ParseToken(clr.NewMachine(nil), text), nil
}

func typed(name string, raw json.RawMessage) (any, error) {
	var text string
	_ = json.Unmarshal(raw, &text) // empty for what is no text
	switch name {
	case "long":
		var n int64
		err := json.Unmarshal(raw, &n)
		return n, err
	case "double":
		var f float64
		err := json.Unmarshal(raw, &f)
		return f, err
	case "decimal":
		if d, ok := clr.ParseDecimal(strings.Trim(string(raw), `"`)); ok {
			return d, nil
		}
		return nil, fmt.Errorf("%s is no decimal", raw)
	case "DateTime":
		t, err := time.Parse(time.RFC3339Nano, text)
		return clr.DateTime{Ticks: clr.TicksOf(t.UTC()), Kind: clr.KindUTC}, err
	case "string[]":
		var list []string
		err := json.Unmarshal(raw, &list)
		return clr.StringArray(list), err
	case "JToken", "JObject", "JArray", "JValue":
		return token(string(raw))
	case "Jwt":
		if j, ok := library.ParseJWT(text); ok {
			return j, nil
		}
		return nil, fmt.Errorf("%q is no token", text)
	case "IResponse":
		r := &response{}
		if err := json.Unmarshal(raw, r); err != nil {
			return nil, err
		}
		return r.make("value")
	}
	return nil, fmt.Errorf("$type %q is none of long, double, decimal, DateTime, string[], JToken, JObject, JArray, JValue, Jwt, IResponse", name)
}
