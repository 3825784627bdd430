from common.broker import topology


def test_every_queue_is_named_in_one_place_and_after_the_design() -> None:
    assert [queue.name for queue in topology.jobs((1, 30)).queues] == [
        "image_processing",
        "image_processing.dead",
        *(f"image_processing.dead.retry.{delay}s" for delay in (1, 5, 30, 120, 600)),
        "image_processing.retry.1s",
        "image_processing.retry.30s",
    ]
    assert [exchange.name for exchange in topology.jobs().exchanges] == [
        "image_processing.dead",
        "processed_images",
    ]
    (notifications,) = topology.notifications().queues
    assert (notifications.name, notifications.bound_to) == (
        "processed_images.notifications",
        "processed_images",
    )


def test_a_job_that_is_delivered_too_often_is_caught() -> None:
    jobs, dead, *_ = topology.jobs().queues

    assert jobs.arguments["x-delivery-limit"] == topology.MAX_DELIVERIES - 1
    assert jobs.arguments["x-dead-letter-exchange"] == dead.bound_to == "image_processing.dead"
    assert jobs.arguments["x-dead-letter-strategy"] == "at-least-once"
    assert jobs.arguments["x-overflow"] == "reject-publish"


def test_a_retry_queue_sends_its_jobs_back() -> None:
    *_, retry = topology.jobs((30,)).queues

    assert retry.name == topology.retry_queue(topology.JOBS, 30)
    assert retry.arguments["x-message-ttl"] == 30_000
    assert (retry.arguments["x-dead-letter-exchange"], retry.arguments["x-dead-letter-routing-key"]) == (
        "",
        "image_processing",
    )


def test_a_dead_letter_goes_back_to_the_dead_letter_queue() -> None:
    *_, retry = topology.jobs().queues

    assert retry.name == topology.retry_queue(topology.DEAD, topology.RETRY_DELAYS[-1])
    assert retry.arguments["x-dead-letter-routing-key"] == topology.DEAD


def test_the_api_and_the_workers_declare_the_job_queue_alike() -> None:
    assert topology.jobs().queues == topology.jobs((1, 5)).queues[:-2]


def test_no_queue_that_is_consumed_drops_by_the_broker_s_own_limit() -> None:
    """RabbitMQ 4 drops what was delivered 20 times from a quorum queue that does not say otherwise."""
    consumed = (*topology.jobs().queues[:2], *topology.notifications().queues)
    limits = {queue.name: queue.arguments["x-delivery-limit"] for queue in consumed}

    assert limits.pop(topology.JOBS) == topology.MAX_DELIVERIES - 1
    assert all(limit > 1_000_000_000 for limit in limits.values())
