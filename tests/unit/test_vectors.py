"""Models whose states and actions are vectors, as DICP's on Meta-World: opened, shown and tested like all others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from references import llama_vectors

from adtui.attention.ablations import ablate
from adtui.attention.knock_outs import knock_out, mute
from adtui.cli.main import main
from adtui.engine.opening import open_session
from adtui.engine.session import Session
from adtui.engine.verified import difference
from adtui.files.checkpoint import load_checkpoint
from adtui.models.loading import load_model
from adtui.records.ablation import MASK, WAYS
from adtui.records.action_head import DETERMINISTIC, GAUSSIAN
from adtui.records.errors import AdtuiError, HistoryError
from adtui.records.map_messages import GetMoment
from adtui.records.moment import Edits
from adtui.records.portable import from_plain, to_plain
from adtui.records.sample import DENSE, phase_of
from adtui.records.steps import at_one_go
from adtui.statistics.distributions import action_scale

ADAPTER = Path(__file__).parents[1] / "adapters/llama_vectors_adapter.py"
KINDS = {"Gaussian": {}, "deterministic": {"learn_var": False}, "dynamics": {"dynamics": True}}


def project(directory: Path, **options: Any) -> Path:
    """A run, and the histories of test tasks where DICP's code puts them."""
    llama_vectors.write_histories(directory / "datasets/reach-v2/test" / llama_vectors.FILE)
    run: Path = llama_vectors.make_run(directory / "runs/AD-ml1-reach-v2", **options)
    return run


@pytest.fixture(scope="module", params=KINDS)
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Session:
    run = project(tmp_path_factory.mktemp("vectors"), **KINDS[request.param])
    return open_session(run, device="cpu", samples=6)


# -- opened ------------------------------------------------------------------------------------------------------------
def test_it_opens_on_the_histories_of_its_test_tasks(session: Session) -> None:
    info = session.info
    assert info.family.startswith("llama vectors")
    assert info.source == f"test histories in {llama_vectors.FILE}"
    assert info.acts.kind == (DETERMINISTIC if "deterministic" in info.family else GAUSSIAN)
    assert (info.settings.dim_obs, info.settings.dim_actions) == llama_vectors.VECTORS
    assert not any("split" in note or "held out" in note for note in info.notes), info.notes
    sample = session.samples[0]
    assert (sample.states.shape, sample.actions.shape) == ((19, 5), (19, 3))
    assert isinstance(sample.target_action, tuple)
    assert len(sample.target_action) == 3


def test_a_sample_is_what_the_file_holds(session: Session, tmp_path: Path) -> None:
    path = llama_vectors.write_histories(tmp_path / "same.hdf5")
    sample = session.samples[0]
    assert sample.task is not None
    stream, query = (int(word) for word in sample.label.split()[3::2])
    with h5py.File(path) as file:
        group = file[str(sample.task)]
        np.testing.assert_array_equal(sample.states, group["states"][query - 19 : query, stream])
        np.testing.assert_array_equal(sample.actions, group["actions"][query - 19 : query, stream])
        np.testing.assert_array_equal(sample.query_state, group["states"][query, stream])
        np.testing.assert_array_equal(np.array(sample.target_action, np.float32), group["actions"][query, stream])
    assert sample.step[-1] == query % 20


def test_rewards_that_come_at_every_step_make_no_phase(session: Session) -> None:
    assert all((sample.rewards > 0).mean() > DENSE for sample in session.samples)
    assert {phase_of(sample) for sample in session.samples} == {""}


def test_files_of_training_tasks_are_said_to_be_that(tmp_path: Path) -> None:
    run = project(tmp_path)
    test = tmp_path / "datasets/reach-v2/test" / llama_vectors.FILE
    test.rename(test.parent.parent / llama_vectors.FILE)
    info = open_session(run, device="cpu", samples=1).info
    assert info.source == f"histories in {llama_vectors.FILE}"
    assert any("trained on these tasks" in note for note in info.notes)
    assert (
        open_session(run, device="cpu", samples=1, histories=tmp_path / "datasets/reach-v2").info.source == info.source
    )


def test_longer_states_are_cut_as_their_code_cuts_them(tmp_path: Path) -> None:
    """Its collector stores 18 numbers, its models take 11; in another environment that would be a guess."""
    run = project(tmp_path)
    llama_vectors.write_histories(tmp_path / "datasets/reach-v2/test" / llama_vectors.FILE, state=8)
    info = open_session(run, device="cpu", samples=1).info
    assert info.samples[0].states.shape[1] == 5
    assert any("first 5 of 8 stored numbers" in note for note in info.notes)
    [checkpoint] = run.glob("*.pt")
    content = torch.load(checkpoint, weights_only=True)
    content["config"]["env"] = "hopper"
    torch.save(content, checkpoint)
    with pytest.raises(HistoryError, match="states of 5 numbers, found 8"):
        open_session(run, device="cpu", samples=1, histories=tmp_path / "datasets/reach-v2/test" / llama_vectors.FILE)


@pytest.mark.parametrize(
    ("name", "damage", "expected"),
    [
        ("actions", lambda values: values[..., :2], r"\(steps, streams, 3\)"),
        ("actions", lambda values: values[..., 0], r"\(steps, streams, 3\)"),
        ("states", lambda values: values[..., :4], "at least 5 numbers"),
        ("states", lambda values: values * np.nan, "finite numbers"),
        ("rewards", lambda values: values[:-1], "shape"),
    ],
)
def test_unfit_files_give_one_line(name: str, damage: Any, expected: str, tmp_path: Path) -> None:
    run = project(tmp_path)
    with h5py.File(tmp_path / "datasets/reach-v2/test" / llama_vectors.FILE, "r+") as file:
        for group in file.values():
            values = damage(group[name][()])
            del group[name]
            group[name] = values
    with pytest.raises(HistoryError, match=expected) as caught:
        open_session(run, device="cpu", samples=1)
    assert len(str(caught.value).splitlines()) == 1


def test_streams_before_steps_are_refused(tmp_path: Path) -> None:
    run = project(tmp_path)
    with h5py.File(tmp_path / "datasets/reach-v2/test" / llama_vectors.FILE, "r+") as file:
        for group in file.values():
            for name in list(group):
                values = group[name][()].swapaxes(0, 1)
                del group[name]
                group[name] = values
    with pytest.raises(HistoryError, match="swap the first two axes"):
        open_session(run, device="cpu", samples=1, context=1)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pred_actions.bias", "pred_actions.bias"),
        ("transformer.blocks.1.attn.proj.weight", "attn.proj.weight"),
        ("embed_query_state.weight", "embed_query_state.weight"),
    ],
)
def test_what_a_file_lacks_is_named(name: str, words: str, tmp_path: Path) -> None:
    [checkpoint] = llama_vectors.make_run(tmp_path / "run").glob("*.pt")
    content = torch.load(checkpoint, weights_only=True)
    del content["model"][name]
    torch.save(content, checkpoint)
    with pytest.raises(AdtuiError) as caught:
        load_model(load_checkpoint(checkpoint))
    assert words in str(caught.value)
    assert "cells" not in str(caught.value)
    assert "keys of the llama" in str(caught.value)


def test_where_shapes_fit_a_grid_too_the_settings_tell(tmp_path: Path) -> None:
    """States of two numbers and actions without a spread: those of DPT with five actions, whose query is padded."""
    run = llama_vectors.make_run(tmp_path / "run", learn_var=False, state=2, action=5)
    [checkpoint] = run.glob("*.pt")
    assert load_model(load_checkpoint(checkpoint)).head.kind == DETERMINISTIC
    content = torch.load(checkpoint, weights_only=True)
    content["config"] = {"tf_n_head": 2, "model": "DPT"}
    torch.save(content, checkpoint)
    assert load_model(load_checkpoint(checkpoint)).description == "llama · DPT, query first · causal"


def test_without_settings_only_the_heads_are_asked_for(tmp_path: Path) -> None:
    run = llama_vectors.make_run(tmp_path / "run", state=18, action=4)
    [checkpoint] = run.glob("*.pt")
    content = torch.load(checkpoint, weights_only=True)
    torch.save(content["model"], checkpoint)
    with pytest.raises(AdtuiError, match="--heads"):
        load_model(load_checkpoint(checkpoint))
    model = load_model(load_checkpoint(checkpoint), heads=2)
    assert model.sizes["dim_obs"] == 18
    assert model.head.size == 4
    assert any("n_transit 1000 assumed" in note for note in model.notes)


# -- knock-outs --------------------------------------------------------------------------------------------------------
def test_a_knock_out_is_measured_by_its_heads_divergence(session: Session) -> None:
    model, sample = session.model, session.samples[0]
    found = knock_out(model, sample, [3, 4], seed=0, index=0)
    ablated = np.zeros((2, 19), np.bool_)
    ablated[1, [3, 4]] = True
    steps = ablate(model, sample, ablated, MASK, None)
    full, without = at_one_go(steps).astype(np.float64)
    if model.head.kind == GAUSSIAN:
        (m, lv), (m2, lv2) = (np.split(one, 2) for one in (full, without))
        wanted = 0.5 * (lv2 - lv + (np.exp(lv) + (m - m2) ** 2) / np.exp(lv2) - 1).sum()
    else:
        wanted = (((full - without) / action_scale(sample)) ** 2).sum()
    assert found.kl == pytest.approx(wanted, rel=1e-3)
    assert found.head == model.head
    assert (found.action_before, found.action_after, found.changed) == (-1, -1, False)
    assert found.kl > 0
    assert mute(model, sample, 1, 0).kl > 0


@pytest.mark.parametrize("way", WAYS)
def test_nothing_ablated_is_nothing_changed(session: Session, way: str) -> None:
    steps = ablate(session.model, session.samples[0], np.zeros((2, 19), np.bool_), way, None, np.arange(19))
    outputs = session.model.outputs(session.samples[0])
    np.testing.assert_allclose(at_one_go(steps)[0], outputs, rtol=1e-4, atol=1e-4)


def test_the_map_tells_numbers_and_names_their_divergence(session: Session) -> None:
    plain = session.walks.moment(GetMoment(1, 0, 0, None, 19))
    assert plain.size is None
    assert plain.chances.head == session.model.head
    np.testing.assert_allclose(plain.chances.full, session.model.chances(session.samples[0]), rtol=1e-6)
    edited = session.walks.moment(GetMoment(2, 0, 0, None, 19, Edits(frozenset({3, 4}))))
    assert edited.chances.without is not None
    assert edited.divergence > 0
    assert "not known" in plain.still


def test_what_is_shown_of_them_can_be_recorded(session: Session) -> None:
    before = [session.info, session.knock_out(0, [3, 4]), session.chances(0, 5), session.samples[0]]
    again = from_plain(json.loads(json.dumps(to_plain(before))))
    assert difference(before, again) is None
    assert again[3].actions.dtype == np.float32
    assert again[3].target_action == session.samples[0].target_action


# -- through an adapter ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("learn_var", [True, False])
def test_users_own_code_shows_the_same(learn_var: bool, tmp_path: Path) -> None:
    run = project(tmp_path, learn_var=learn_var)
    own = open_session(run, device="cpu", samples=2)
    adapted = open_session(run, device="cpu", samples=2, adapter=ADAPTER)
    assert adapted.info.family.startswith("adapted")
    assert adapted.info.acts == own.info.acts
    assert adapted.info.settings.dim_obs == 5
    sample = own.samples[0]
    np.testing.assert_allclose(adapted.model.outputs(sample), own.model.outputs(sample), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(adapted.matrices(0, 1), own.matrices(0, 1), atol=1e-5)
    same, other = (one.knock_out(0, [3, 4]) for one in (own, adapted))
    assert other.kl == pytest.approx(same.kl, rel=1e-2)
    np.testing.assert_allclose(other.control_kl, same.control_kl, rtol=1e-2)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return 5", "an adtui.Vectors, or None, found a int"),
        ("return adtui.Vectors(0, 3)", "sizes from 1, found 0 and 3"),
        ("return adtui.Vectors(5, 4)", "found a tensor of shape"),
        ("return checkpoint.nothing", "AttributeError"),
    ],
)
def test_a_wrong_word_on_vectors_is_one_line(body: str, words: str, tmp_path: Path) -> None:
    run = project(tmp_path)
    code = Path(ADAPTER).read_text()
    said = 'return adtui.Vectors(config["dim_obs"], config["dim_actions"], config["learn_var"])'
    assert said in code
    changed = tmp_path / "adapter.py"
    changed.write_text(
        code.replace(said, body).replace("def batch(", "def longest(self, checkpoint): return 19\n\n    def batch(")
    )
    if body.endswith("(5, 4)"):
        changed.write_text(changed.read_text().replace("contexts.actions,", "contexts.actions[..., :3],"))
    with pytest.raises(AdtuiError) as caught:
        open_session(run, device="cpu", samples=1, adapter=changed)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


# -- commands ----------------------------------------------------------------------------------------------------------
def test_analyze_names_what_it_measures_by(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", session.info.path, "--samples", "6", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    run = document["run"]
    assert run["actions"] == {
        "kind": session.model.head.kind,
        "size": 3,
        "divergence": session.model.head.divergence,
        "unit": session.model.head.unit,
    }
    assert {"grid_size", "num_actions"}.isdisjoint(run["settings"])
    assert len(document["samples"][0]["query_state"]) == 5
    assert len(document["samples"][0]["target_action"]) == 3


def test_extract_reads_what_it_wrote(session: Session, tmp_path: Path) -> None:
    first, again = tmp_path / "x.npz", tmp_path / "y.npz"
    assert main(["extract", session.info.path, "--samples", "2", "--output", str(first)]) == 0
    assert main(["extract", session.info.path, "--inputs", str(first), "--output", str(again)]) == 0
    with np.load(first) as one, np.load(again) as two:
        assert one["logits"].shape == (2, session.model.head.outputs)
        for name in ("attn", "logits", "in_states", "in_actions", "in_target_actions", "in_episode", "mark"):
            np.testing.assert_array_equal(one[name], two[name], err_msg=name)


@pytest.mark.parametrize("command", ["circuit", "probe", "evaluate", "compress"])
def test_what_needs_single_actions_or_a_world_says_so(
    command: str, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, session.info.path]) == 2
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1
    assert "actions of 3 numbers" in said


def test_cells_and_vectors_do_not_mix(session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = tmp_path / "x.npz"
    np.savez(
        inputs,
        states=np.zeros((1, 4, 2)),
        actions=np.zeros((1, 4)),
        rewards=np.zeros((1, 4)),
        next_states=np.zeros((1, 4, 2)),
        query_states=np.zeros((1, 2)),
    )
    assert main(["extract", session.info.path, "--inputs", str(inputs), "--output", str(tmp_path / "y.npz")]) == 2
    assert "(B, n, 3)" in capsys.readouterr().err
