package expr

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/library"
)

// Value is a .NET value in its Go form; package clr lists the forms.
type Value = clr.Value

// Env is everything outside that one evaluation may reach: the exchange, a clock,
// GUIDs, randomness, and the budget of steps and memory.
type Env = clr.Env

// Scratch is room that the runs with one Env use one after the other.
type Scratch struct {
	room clr.Scratch
	top  frame
}

// For lends the room to the runs with an Env.
func (s *Scratch) For(env *Env) {
	s.room.Frame, env.Scratch = &s.top, &s.room
}

// Jwt is a parsed token: what the AsJwt extension gives, and what validate-jwt
// stores in a variable.
type Jwt = library.Jwt

// DefaultSteps and DefaultMemory are the budget of an Env that names none.
const (
	DefaultSteps  = clr.DefaultSteps
	DefaultMemory = clr.DefaultMemory
)

// ParseJWT reads a compact JWS, with or without "Bearer " before it, for
// expressions to use; it checks no signature. ok is false for any other text.
func ParseJWT(text string) (j *Jwt, ok bool) { return library.ParseJWT(text) }
