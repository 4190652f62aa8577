package config

import (
	"strings"
	"testing"
	"time"
)

func TestRedis(t *testing.T) {
	for text, want := range map[string]string{
		`{ url: "redis://127.0.0.1:6379/2", timeout: 20ms, connect-timeout: 2s, prefix: "a:", on-failure: refuse }`:                                                                           "",
		`{ url: { secret: "env://R" }, timeout: 20ms, connect-timeout: 2s, prefix: "a:", on-failure: refuse }`:                                                                                "",
		`{ url: "rediss://h:1", timeout: 20ms, connect-timeout: 2s, prefix: "a:", on-failure: refuse, username: u, password: { secret: "env://P" }, authority: { secret: "file://ca.pem" } }`: "",
		`{}`:                                                              `"url"`,
		`{ url: "http://h:1" }`:                                           "redis.url: this is no address of a Redis server",
		`{ url: "redis://:hunter2@h:1" }`:                                 "redis.url has a password in it",
		`{ url: "h:1,password=hunter2" }`:                                 "redis.url has a password in it",
		`{ url: "redis://h", password: hunter2}`:                          "a password is a secret",
		`{ url: "redis://h", timeout: 2s }`:                               "redis.timeout must be at most 1s",
		`{ url: "redis://h", timeout: 0s }`:                               "redis.timeout must be a duration of 1ms or more",
		`{ url: "redis://h", prefix: "a b" }`:                             "redis.prefix has 1 to 80",
		`{ url: "redis://h", on-failure: no }`:                            "is not allowed here",
		`{ url: { secret: "env://R" }, password: { secret: "env://P" } }`: "redis.url is a secret that has the password in it",
	} {
		cfg, list := Parse("stile.yaml", "name: p\nredis: "+text+"\n")
		if strings.Contains(list.Error(), "hunter2") {
			t.Errorf("%s: the password is told", text)
		}
		if want == "" {
			e := cfg.Redis
			if list.HasErrors() || e == nil || e.Timeout != 20*time.Millisecond || e.Connect != 2*time.Second || cfg.KeyPrefix() != "a:" || !e.Refuse {
				t.Errorf("%s: %v, %+v", text, list, e)
			}
			continue
		}
		if len(list) != 1 || !strings.Contains(list[0].Message, want) {
			t.Errorf("%s: %v", text, list)
		}
	}
	cfg, list := Parse("stile.yaml", "name: p\n")
	if list.HasErrors() || cfg.Redis != nil || cfg.KeyPrefix() != "stile:p:" {
		t.Errorf("without: %+v, %v", cfg.Redis, list)
	}
}
