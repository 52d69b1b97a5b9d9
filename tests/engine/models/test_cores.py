"""How many cores a process may use: those it is bound to, the time of its control groups, what a scheduler says."""

import pytest

from swapgate.models import devices
from swapgate.models.devices import computing, cores


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of eight cores without limits; gives what writes a file of its control groups."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {*range(8)}, raising=False)
    monkeypatch.setattr(devices, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(devices, "OWN_CGROUP", tmp_path / "own")

    def write(own, **files):
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / "cgroup" / name.replace("__", "/").replace("_max", ".max").replace("cpu_cfs", "cpu.cfs")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


def test_affinity(machine, monkeypatch):
    """A process that is bound to some cores has these."""
    assert cores() == 8
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {3, 5, 6})
    assert cores() == 3


@pytest.mark.parametrize(
    ("limit", "found"), [("max 100000\n", 8), ("200000 100000\n", 2), ("150000 100000\n", 2), ("10000 100000\n", 1)]
)
def test_quota(machine, limit, found):
    """A quota of time is as many cores, rounded up; without one all count."""
    machine("0::/a/b\n", a__b__cpu_max=limit)
    assert cores() == found


@pytest.mark.parametrize("outer", ["a__cpu_max", "cpu_max"])
def test_quota_of_a_group_above(machine, outer):
    """The group above limits too."""
    machine("0::/a/b\n", a__b__cpu_max="max 100000", **{outer: "300000 100000"})
    assert cores() == 3


@pytest.mark.parametrize(("spent", "found"), [("-1", 8), ("400000", 4)])
def test_quota_of_the_first_version(machine, spent, found):
    """Control groups of version 1 limit in their own way."""
    folder = "cpu,cpuacct__a__"
    machine(
        "4:cpu,cpuacct:/a\n2:memory:/b\n",
        **{f"{folder}cpu_cfs_quota_us": spent, f"{folder}cpu_cfs_period_us": "100000"},
    )
    assert cores() == found


@pytest.mark.parametrize("text", ["", "what", "a:b:c:d\n", "0::/../../x\n"])
def test_groups_that_cannot_be_told(machine, text):
    """What is no table of groups limits nothing."""
    machine(text)
    assert cores() == 8


@pytest.mark.parametrize(("said", "found"), [("2", 2), ("3,2", 3), ("99", 8), ("0", 8), ("many", 8)])
def test_what_a_scheduler_says(machine, monkeypatch, said, found):
    """OMP_NUM_THREADS limits, where it is a number."""
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert cores() == found


def test_threads_are_put_back(monkeypatch):
    """Torch computes with so many threads for a while, also where that ends in an error; without torch nothing does."""
    said = []

    class Torch:
        """Stands in for torch."""

        get_num_threads = staticmethod(lambda: said[-1] if said else 1)
        set_num_threads = staticmethod(said.append)

    monkeypatch.setitem(devices.sys.modules, "torch", Torch)
    with pytest.raises(ValueError, match="odd"), computing(3):
        raise ValueError("odd")
    with computing(1):
        pass
    assert said == [3, 1]
    monkeypatch.delitem(devices.sys.modules, "torch")
    with computing(3):
        pass
    assert said == [3, 1]
