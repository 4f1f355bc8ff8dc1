"""scikit-learn's own tests of its MLP, run with these estimators in their place."""

import subprocess
import sys
from pathlib import Path

import pytest
import sklearn.neural_network
from sklearn.utils.fixes import parse_version

SOURCE = Path(sklearn.neural_network.__file__).parent / "tests/test_mlp.py"

# They reach into private attributes of scikit-learn's estimator.
PRIVATE = [
    "test_fit",  # builds a half-fitted estimator, _no_improvement_count and _coef_grads included
    "test_gradient",  # calls _loss_grad_lbfgs
    "test_learning_rate_warmstart",  # reads _optimizer.learning_rate
    "test_adaptive_learning_rate",  # reads _optimizer.learning_rate
]


@pytest.mark.long
@pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.9"), reason="the tests of 1.9"
)
def test_every_test_passes_that_does_not_reach_into_private_attributes(tmp_path):
    own = "from sklearn.neural_network import MLPClassifier, MLPRegressor"
    text = SOURCE.read_text(encoding="utf-8")
    assert own in text
    assert all(f"def {name}(" in text for name in PRIVATE)
    path = tmp_path / "test_mlp.py"
    path.write_text(text.replace(own, own.replace("sklearn.neural_network", "mlp.sklearn")))
    (tmp_path / "conftest.py").write_text(
        "import pytest\n\n\n@pytest.fixture\ndef global_random_seed():\n    return 42\n"
    )
    deselected = [f"--deselect=test_mlp.py::{name}" for name in PRIVATE]
    options = ("-q", "-p", "no:cacheprovider", "-c", str(tmp_path / "pytest.ini"))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *deselected, "test_mlp.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    output = done.stdout
    assert done.returncode == 0, output
    assert f"{len(PRIVATE)} deselected" in output
