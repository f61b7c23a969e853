// Who hears what: a subscription per participant, from the file that the code reads too. A release of a single app deploys this alone,
// so that the filters of a new event are there before anybody publishes it.
param namespaceName string

var topology = loadJsonContent('../../functions/Runtime/topology.json')

// One at a time, like the filters in each: the topic refuses concurrent changes.
@batchSize(1)
module subscriptions 'subscription.bicep' = [
  for subscription in topology.subscriptions: {
    params: {
      namespaceName: namespaceName
      topicName: topology.topic
      name: subscription.name
      hears: subscription.hears
    }
  }
]
