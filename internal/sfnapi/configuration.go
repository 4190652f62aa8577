package sfnapi

import (
	"stile/internal/sfn"
	"stile/jsonval"
)

// configurations are the three optional structures of Create and Update; an
// absent value keeps the default (Create) or what is (Update).
type configurations struct{ logging, tracing, encryption jsonval.Value }

var logLevel = text{enum: []string{"ALL", "ERROR", "FATAL", "OFF"}}

// readConfigurations reads what the model constrains; the returned check holds
// the rules that come after all constraints.
func readConfigurations(in *input) (c configurations, check func() error) {
	var errs []error
	if o := in.object("loggingConfiguration"); o != nil {
		var err error
		c.logging, err = readLogging(o)
		errs = append(errs, err)
	}
	if o := in.object("tracingConfiguration"); o != nil {
		c.tracing = tracing(o.flag("enabled", false))
	}
	var err error
	c.encryption, err = readEncryption(in)
	errs = append(errs, err)
	return c, func() error { return firstOf(errs...) }
}

// readEncryption gives the configuration as Describe shows it; absent where it is.
func readEncryption(in *input) (jsonval.Value, error) {
	o := in.object("encryptionConfiguration")
	if o == nil {
		return jsonval.Value{}, nil
	}
	kind := o.required("type", text{required: true, enum: []string{"AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"}})
	var err error
	if kind == "CUSTOMER_MANAGED_KMS_KEY" {
		err = &sfn.Error{Code: "InvalidEncryptionConfiguration",
			Message: "Invalid Encryption Configuration: 'this server has no KMS keys: set type to AWS_OWNED_KEY'"}
	}
	var e jsonval.Object
	return e.AddString("type", kind).Value(), err
}

// readLogging gives the configuration as Describe shows it: level and
// includeExecutionData always, destinations where they were given.
func readLogging(in *input) (jsonval.Value, error) {
	level := in.optional("level", logLevel)
	if level == "" {
		level = "OFF"
	}
	include := in.flag("includeExecutionData", false)
	var o, list = jsonval.Object{}, jsonval.Array{}
	items, given := in.list("destinations")
	found := len(items) == 0
	for _, item := range items {
		var d, g jsonval.Object
		if group := item.object("cloudWatchLogsLogGroup"); group != nil {
			if arn, ok := group.text("logGroupArn", arnShape.optional()); ok {
				g.AddString("logGroupArn", arn)
				_, found = sfn.LogGroup(arn)
			}
			d.Add("cloudWatchLogsLogGroup", g.Value())
		}
		list.Add(d.Value())
	}
	if given {
		o.Add("destinations", list.Value())
	}
	o.Add("includeExecutionData", jsonval.OfBool(include)).AddString("level", level)
	if len(items) > 1 || level != "OFF" && len(items) != 1 {
		return jsonval.Value{}, &sfn.Error{Code: "InvalidLoggingConfiguration",
			Message: "Invalid Logging Configuration: Must specify exactly one Log Destination."}
	}
	if !found {
		return jsonval.Value{}, &sfn.Error{Code: "InvalidLoggingConfiguration", Message: "Invalid Logging Configuration: Log Destination not found."}
	}
	return o.Value(), nil
}

func tracing(enabled bool) jsonval.Value {
	var o jsonval.Object
	return o.Add("enabled", jsonval.OfBool(enabled)).Value()
}

// defaultLogging is what Describe shows where none was ever given.
func defaultLogging() jsonval.Value {
	var o jsonval.Object
	return o.Add("includeExecutionData", jsonval.FalseValue).AddString("level", "OFF").Value()
}

// ownedKey is the encryption where none was ever given.
func ownedKey() jsonval.Value {
	var o jsonval.Object
	return o.AddString("type", "AWS_OWNED_KEY").Value()
}

// withDefaults makes two spellings of the same configuration the same value, so
// that creating a state machine twice compares what was meant.
func (c configurations) withDefaults() configurations {
	if !c.logging.Exists() {
		c.logging = defaultLogging()
	}
	if !c.tracing.Exists() {
		c.tracing = tracing(false)
	}
	return c
}

func or(v, otherwise jsonval.Value) jsonval.Value {
	if v.Exists() {
		return v
	}
	return otherwise
}
