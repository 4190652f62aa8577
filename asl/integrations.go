package asl

import (
	"maps"
	"slices"
	"strings"
)

// pattern is a set of the ways in which a Task may wait for what it calls.
type pattern uint8

const (
	response pattern = 1 << iota // no suffix: the answer ends the state
	sync                         // .sync: the job's end does
	sync2                        // .sync:2: so, with the job's output as JSON
	token                        // .waitForTaskToken: a token that comes back does
)

// suffixes are the patterns as a Resource has them.
var suffixes = map[string]pattern{"": response, "sync": sync, "sync:2": sync2, "waitForTaskToken": token}

// optimised are the integrations that Step Functions has made for a service, with
// the patterns of each API (developer guide, "Integrating optimized services").
// Any other API or pattern of these services is unknown to AWS.
var optimised = map[string]map[string]pattern{
	"apigateway": {"invoke": response | token},
	"athena": {"startQueryExecution": response | sync, "stopQueryExecution": response, "getQueryExecution": response,
		"getQueryResults": response},
	"batch":   {"submitJob": response | sync},
	"bedrock": {"invokeModel": response | token, "createModelCustomizationJob": response | sync | token},
	"codebuild": {"startBuild": response | sync, "stopBuild": response, "batchDeleteBuilds": response, "batchGetReports": response,
		"startBuildBatch": response | sync, "stopBuildBatch": response, "retryBuildBatch": response | sync, "deleteBuildBatch": response},
	"databrew": {"startJobRun": response | sync},
	"dynamodb": {"deleteItem": response, "getItem": response, "putItem": response, "updateItem": response},
	"ecs":      {"runTask": response | sync | token},
	"eks": {"call": response | token, "runJob": response | sync | token, "createCluster": response | sync,
		"deleteCluster": response | sync, "createFargateProfile": response | sync, "deleteFargateProfile": response | sync,
		"createNodegroup": response | sync, "deleteNodegroup": response | sync},
	"elasticmapreduce": {"createCluster": response | sync, "setClusterTerminationProtection": response,
		"terminateCluster": response | sync, "addStep": response | sync, "cancelStep": response,
		"modifyInstanceFleetByName": response, "modifyInstanceGroupByName": response},
	"emr-containers": {"createVirtualCluster": response, "deleteVirtualCluster": response | sync, "startJobRun": response | sync},
	"emr-serverless": {"createApplication": response | sync, "startApplication": response | sync, "stopApplication": response | sync,
		"deleteApplication": response | sync, "startJobRun": response | sync, "cancelJobRun": response | sync},
	"events":       {"putEvents": response | token},
	"glue":         {"startJobRun": response | sync},
	"http":         {"invoke": response | token},
	"lambda":       {"invoke": response | token},
	"mediaconvert": {"createJob": response | sync},
	"sagemaker": {"createEndpoint": response, "createEndpointConfig": response, "createModel": response, "updateEndpoint": response,
		"createHyperParameterTuningJob": response | sync, "createLabelingJob": response | sync,
		"createProcessingJob": response | sync, "createTrainingJob": response | sync, "createTransformJob": response | sync},
	"sns":    {"publish": response | token},
	"sqs":    {"sendMessage": response | token},
	"states": {"startExecution": response | sync | sync2 | token},
}

// recognised says whether Step Functions knows an integration; where it does not,
// hint says what it has instead. Of aws-sdk integrations the service is looked up,
// not the action: services gain actions every week.
func recognised(service, api, suffix string) (hint string, ok bool) {
	if sdk, found := strings.CutPrefix(service, "aws-sdk:"); found {
		switch {
		case !strings.Contains(sdkServices, " "+sdk+" "):
			return "no service of the AWS SDK has the name " + sdk, false
		case suffixes[suffix]&(response|token) == 0:
			return "integrations of aws-sdk know no pattern but .waitForTaskToken", false
		}
		return "", true
	}
	apis, found := optimised[service]
	if !found {
		return "write aws-sdk:" + service + ":" + api + " for what has no integration of its own", false
	}
	patterns, found := apis[api]
	if !found {
		return service + " has " + strings.Join(slices.Sorted(maps.Keys(apis)), ", "), false
	}
	if patterns&suffixes[suffix] == 0 {
		return service + ":" + api + " has no pattern ." + suffix, false
	}
	return "", true
}
